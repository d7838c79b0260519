package directory

import (
	"crypto/tls"
	"encoding/hex"
)

// StreamKind is the byte that leads the stream of a link on which a school speaks with
// the directory of its hub.
const StreamKind = 'N'

// secretLabel is for the secret of a connection (RFC 5705, RFC 8446 §7.5).
const secretLabel = "EXPORTER-classrelay-directory"

// Secret is what the two ends of a connection know, and nobody else: a school logs in on
// the stream with its name and this, so that one who has another connection cannot speak
// in its name.
func Secret(s tls.ConnectionState) (string, error) {
	b, err := s.ExportKeyingMaterial(secretLabel, nil, 32)
	return hex.EncodeToString(b), err
}
