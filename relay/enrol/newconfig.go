package enrol

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"text/template"

	"github.com/classrelay/classrelay/relay/identity"
)

// ConfigFile is what the configuration of a machine that has joined is called.
const ConfigFile = "node.yaml"

// newConfig is the configuration of a new node. It works as it is; what most will add
// next stands there as a comment.
const newConfig = `# Made by classrelay join. Try a change with: classrelay check --config {{.File}}
node: {{.Member.Node}}
identity: .                # this folder: cert.pem, key.pem, ca.pem; renewed by the node itself
{{- if .School}}
parents:                   # the hubs
{{- range .Hubs}}
  - "{{.}}"
{{- end}}
{{- end}}

listen:
{{- if not .School}}
  quic: ":{{.Port}}"            # UDP, for the nodes that dial this one
{{- end}}
  rtsp: ":8554"            # TCP, for players: rtsp://THIS-MACHINE:8554/FEED
  http: ":8080"            # TCP, the node's pages: http://THIS-MACHINE:8080/
  admin: "127.0.0.1:9090"  # metrics and health

# The cameras of this place. A school's feeds begin with its name. What the county has
# planned for it comes by itself; what stands here goes before.
#feeds:
#  {{.Owner}}/room-1:
#    main: rtsp://USER:PASSWORD@192.168.1.64/s1
#    sub: rtsp://USER:PASSWORD@192.168.1.64/s2

# Who may watch without a login; this machine itself always may.
#access:
#  watch: ["192.168.1.0/24"]
{{- if or .Member.County (not .School)}}

county:
{{- if .Member.County}}
  name: {{.Member.County}}
{{- end}}
{{- if not .School}}
  renew:                   # where this machine's certificate is renewed
{{- range .Hubs}}
    - "{{.}}"
{{- end}}
{{- end}}
{{- end}}
`

// writeConfig writes a configuration, and tells whether it did: one that is there stays.
func writeConfig(path string, m identity.Member, hubs []string) (bool, error) {
	t, err := template.New("configuration").Parse(newConfig)
	if err != nil {
		return false, err
	}
	owner := m.Node
	if m.School != "" {
		owner = m.School
	}
	var text bytes.Buffer
	err = t.Execute(&text, map[string]any{
		"Member": m, "File": path, "School": m.Level() == identity.School, "Hubs": hubs, "Port": Port, "Owner": owner,
	})
	if err != nil {
		return false, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // it will hold passwords of cameras
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write the configuration: %w", err)
	}
	_, err = f.Write(text.Bytes())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return false, fmt.Errorf("write the configuration: %w", err)
	}
	return true, nil
}
