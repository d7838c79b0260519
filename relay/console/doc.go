// Package console is the node in a browser: the pages, who may see them, and the HTTP
// interface behind them.
//
// A request goes this way:
//
//  1. headers.go puts the headers of every answer and refuses what another site's page
//     sends in a visitor's name.
//  2. routes.go finds who answers it. The players of relay/webrtc and relay/mse are on
//     the same mux, and ask the same gate.
//  3. gate.go decides by the rules of relay/access, which are those of RTSP: a session,
//     a login, or no login where access opens the network.
//  4. api.go answers from the state that Run looks at once a second, events.go sends it
//     to open pages as it changes, login.go keeps the sessions, snapshot.go fetches a
//     camera's picture, pages.go serves the files.
//
// An answer that is an error is a problem document (RFC 9457) with a code that pages
// translate. The whole interface is described in openapi.yaml, which a test keeps in
// step.
//
// Sessions, the ten minutes of history, the outages and the journal are cores that are
// told the time; Server holds the lock, the clock and the goroutines.
package console
