package engine

import "crypto/tls"

// MachineTLS joins what an identity says for the side that is dialled and for the side
// that dials into the one configuration that the engine wants for both. Who the other one
// is, is checked by what the server's side checks: any machine of a county may be at any
// address, and its role is in its certificate.
func MachineTLS(server, client *tls.Config) *tls.Config {
	c := server.Clone()
	c.GetClientCertificate = client.GetClientCertificate
	c.InsecureSkipVerify = true // VerifyConnection verifies, against the county's CA
	return c
}
