// Package identity answers who a node is: a small county CA, the certificates it
// gives its nodes, and the mutual TLS 1.3 that every link between nodes uses.
//
// The CA is a folder D with ca.pem and ca-key.pem, kept on one machine. Issue
// puts what one node needs into D/NAME: cert.pem, key.pem and ca.pem; that folder
// is copied to the node and named in its configuration. A node's name stands in
// its certificate twice: as the common name, for people, and as the URI
// classrelay://node/NAME (RFC 5280 §4.2.1.6), which is what peers read.
//
// On a link both sides show a certificate and both check that this county's CA
// signed the other one. The side that dials can also ask for a certain node or,
// where the certificate names hosts, checks that it reached one of them.
package identity
