// Package access answers who may watch or push, over RTSP and in a browser.
//
// The rule, in this order:
//
//  1. The loopback address may, always.
//  2. A network that access names may, without a login.
//  3. Anyone else needs a login as one of users, who must have the right.
//
// Without users and named networks that means: only this machine.
//
// Logins are Digest with MD5 or SHA-256 (RFC 7616, RFC 2617 for the older form
// RTSP clients speak), checked against stored hashes H(name:realm:password), so a
// node keeps no password. Basic, where it is allowed, is checked against an
// argon2id hash (RFC 9106). Failed logins make an address wait, and only a few
// argon2id computations run at once, so a flood of logins costs the lessons
// nothing.
//
// Who types name and password into a page is checked by Rules.Enter, with the same
// penalties; the web server then keeps a session for them and asks Rules.Allows.
//
// The RTSP server asks Rules.Check at each request that needs it and sends
// Rules.Challenge where the verdict says so.
package access
