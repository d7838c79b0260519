// Package config is what an operator writes: one YAML file per node, read
// strictly. An unknown key, a feed named twice or a value that cannot be is an
// error that names the key and says where it stands, and all of them are told at
// once.
//
// The zero value of every key works and its comment here says what it means.
// Each key appears in a file under configs/, and a test loads those.
//
// Load and Parse give a checked Config; Diff tells a running node what a new one
// changes; Effective prints what is in force with passwords masked. Secrets need
// not stand in the file: ${NAME} in a URL, a password or a digest is taken from
// the environment, ${file:/path} from a file.
package config
