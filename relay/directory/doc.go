// Package directory answers who is there and which feeds they have: in a county, and
// above it in a city and a province.
//
// Every node announces its full list of feeds, with the links it has: when something
// changes, when it is back after a cut, and every five seconds. Fifteen seconds without
// a word and it is gone. Nothing is stored, so there is nothing to repair.
//
//	school ──ann──▶ every hub machine of the county ──sum──▶ city ──sum──▶ province
//	school ◀─answer to "where is this feed?"── hub ── asks the level above if need be
//
// A school tells and asks; it does not listen to the lists of others, which would cost
// its line more than they are worth. The hub machines of a county hear all schools. What
// they tell the level above (a sum) is the same lists again, each by one of them, with
// its own name added to the hops, and only feeds that the county's policy shares.
//
// The stages of one announcement:
//
//	Directory.Announce  any goroutine   the node says what it has
//	beat                core            when it is to be told
//	Bus.Publish         the engine      carries it to those who listen
//	Parse               core            bounds and checks what strangers wrote
//	Table.Hear          core            refuses loops and what is old, keeps the rest
//	Table.Where         core            the ways to a feed, best first
//	Table.Sum           core            what the level above is to hear of it
//
// The cores are told the time. Directory is the shell: it owns the goroutine and the
// lock. It knows the engine by the interface Bus only; relay/directory/engine has the
// engine, an embedded NATS server, and nothing else of the product knows that one.
package directory
