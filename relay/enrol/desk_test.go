package enrol

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/classrelay/classrelay/relay/identity"
	"github.com/classrelay/classrelay/relay/store"
)

// office is a desk with its CA and its store.
type office struct {
	*Desk
	t     *testing.T
	store *store.Store
	now   time.Time
}

func newOffice(t *testing.T) *office {
	t.Helper()
	dir := t.TempDir()
	if err := identity.InitCA(dir); err != nil {
		t.Fatal(err)
	}
	ca, err := identity.OpenAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(filepath.Join(t.TempDir(), "state", "classrelay.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &office{Desk: NewDesk("c1", ca, s, zap.NewNop()), t: t, store: s, now: time.Now()}
}

// token makes one, good for a day.
func (o *office) token(school string, role identity.Role) Token {
	o.t.Helper()
	token := NewToken()
	e, err := token.Entry(school, role, o.now, TokenLife)
	if err == nil {
		err = o.store.AddToken(o.t.Context(), e)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return token
}

func request(t *testing.T) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := identity.Request(key)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

var from = netip.MustParseAddrPort("10.0.0.12:40000")

// comes asks with a token.
func (o *office) comes(token Token, name string, request []byte) *Answer {
	return o.Join(o.t.Context(), &Ask{Token: token[:], Name: name, Request: request, Now: o.now}, from, o.now)
}

// certificate is the one in an answer that has to have one.
func (o *office) certificate(a *Answer) *x509.Certificate {
	o.t.Helper()
	if a.Refused != nil {
		o.t.Fatalf("refused: %+v", a.Refused)
	}
	cert, err := x509.ParseCertificate(a.Certificate)
	if err != nil {
		o.t.Fatal(err)
	}
	return cert
}

func (o *office) wantRefused(a *Answer, want Reason) {
	o.t.Helper()
	if a.Refused == nil || a.Refused.Reason != want || a.Certificate != nil {
		o.t.Errorf("%+v, want a refusal for %s", a.Refused, want)
	}
}

// actions are what the audit log has, oldest first, as ACTION RESULT.
func (o *office) actions() (list []string) {
	o.t.Helper()
	log, err := o.store.AuditLog(o.t.Context(), 0, 1000)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, e := range slices.Backward(log) {
		list = append(list, e.Action+" "+e.Actor+" "+e.Result)
	}
	if _, err := o.store.VerifyAudit(o.t.Context()); err != nil {
		o.t.Error(err)
	}
	return list
}

func TestASchoolJoinsOnce(t *testing.T) {
	o := newOffice(t)
	token := o.token("s012", identity.School)
	der, key := request(t)
	cert := o.certificate(o.comes(token, "", der))
	m, err := identity.MemberOf(cert)
	if err != nil || m != (identity.Member{Node: "s012", County: "c1", Role: identity.School, School: "s012"}) {
		t.Errorf("%+v, %v", m, err)
	}
	if !key.PublicKey.Equal(cert.PublicKey) || cert.NotAfter.Sub(o.now).Round(time.Hour) != 90*day {
		t.Errorf("another key, or good until %s", cert.NotAfter)
	}
	certs, err := o.store.Certs(t.Context())
	if err != nil || len(certs) != 1 || certs[0].Serial != identity.SerialOf(cert) || certs[0].Role != "school" {
		t.Errorf("%+v, %v", certs, err)
	}
	replayed, _ := request(t)
	o.wantRefused(o.comes(token, "", replayed), ReasonUsed)
	want := []string{"token.use s012 ok", "cert.issue s012 ok", "token.refuse s012 "}
	got := o.actions()
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || !strings.HasPrefix(got[2], want[2]) ||
		!strings.Contains(got[2], "used already") {
		t.Errorf("the audit log has %q", got)
	}
	if tokens, err := o.store.Tokens(t.Context()); err != nil || UserOf(tokens[0].UsedBy) != "s012" {
		t.Errorf("%+v, %v", tokens, err)
	}
}

func TestTheSameMachineMayAskAgainWhenItsAnswerWasLost(t *testing.T) {
	o := newOffice(t)
	token := o.token("s012", identity.School)
	der, key := request(t)
	first := o.certificate(o.comes(token, "", der))
	again := o.certificate(o.comes(token, "", der))
	if !key.PublicKey.Equal(again.PublicKey) {
		t.Error("the second certificate is for another key")
	}
	if revoked, err := o.store.Revoked(t.Context()); err != nil || len(revoked) != 0 {
		t.Errorf("revoked: %v, %v; the node may have got the first one, %s", revoked, err, identity.SerialOf(first))
	}
	o.now = o.now.Add(TokenLife)
	o.wantRefused(o.comes(token, "", der), ReasonUsed) // not for ever
}

func TestOfTwoAtOnceOneJoins(t *testing.T) {
	o := newOffice(t)
	token := o.token("s012", identity.School)
	answers := make(chan *Answer, 8)
	var all sync.WaitGroup
	for range cap(answers) {
		der, _ := request(t)
		all.Go(func() { answers <- o.comes(token, "", der) }) // ends by itself
	}
	all.Wait()
	close(answers)
	let := 0
	for a := range answers {
		if a.Refused == nil {
			let++
			continue
		}
		o.wantRefused(a, ReasonUsed)
	}
	certs, err := o.store.Certs(t.Context())
	if err != nil || let != 1 || len(certs) != 1 {
		t.Errorf("%d joined, %d certificates, %v", let, len(certs), err)
	}
}

func TestAnExpiredCodeLetsNobodyIn(t *testing.T) {
	o := newOffice(t)
	token := o.token("s012", identity.School)
	o.now = o.now.Add(TokenLife)
	der, _ := request(t)
	o.wantRefused(o.comes(token, "", der), ReasonExpired)
	if certs, err := o.store.Certs(t.Context()); err != nil || len(certs) != 0 {
		t.Errorf("%+v, %v", certs, err)
	}
}

func TestAWrongNameDoesNotUseTheCodeUp(t *testing.T) {
	o := newOffice(t)
	token := o.token("s012", identity.School)
	der, _ := request(t)
	o.wantRefused(o.comes(token, "s013", der), ReasonName)
	o.wantRefused(o.comes(token, "", []byte("no request")), ReasonRequest)
	o.certificate(o.comes(token, "s012-2", der))
}

func TestANewMachineTakesThePlaceOfTheOld(t *testing.T) {
	o := newOffice(t)
	old, _ := request(t)
	fresh, _ := request(t)
	was := o.certificate(o.comes(o.token("s012", identity.School), "", old))
	o.certificate(o.comes(o.token("s013", identity.School), "", old))
	is := o.certificate(o.comes(o.token("s012", identity.School), "", fresh))
	revoked, err := o.store.Revoked(t.Context())
	if err != nil || !slices.Equal(revoked, []string{identity.SerialOf(was)}) {
		t.Errorf("revoked: %v, %v; want that of the old machine, %s, and not %s", revoked, err,
			identity.SerialOf(was), identity.SerialOf(is))
	}
	if got := o.actions(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "cert.revoke s012 ok") }) {
		t.Errorf("the audit log has %q", got)
	}
}

func TestWhoGuessesHasToWait(t *testing.T) {
	o := newOffice(t)
	good := o.token("s012", identity.School)
	der, _ := request(t)
	for range wrongCodes {
		o.wantRefused(o.comes(NewToken(), "", der), ReasonUnknown)
	}
	o.wantRefused(o.comes(good, "", der), ReasonBusy)
	if n := len(o.actions()); n != wrongCodes+1 {
		t.Errorf("%d entries in the audit log", n)
	}
	other := netip.MustParseAddrPort("10.0.0.13:40000")
	ask := &Ask{Token: good[:], Request: der, Now: o.now}
	o.certificate(o.Join(t.Context(), ask, other, o.now)) // another address is not held up
	o.now = o.now.Add(wrongEvery)
	o.wantRefused(o.comes(NewToken(), "", der), ReasonUnknown)
}

func TestANodeStaysWhoItIsWhenItRenews(t *testing.T) {
	o := newOffice(t)
	der, _ := request(t)
	leaf := o.certificate(o.comes(o.token("s012", identity.School), "", der))
	o.now = o.now.Add(31 * day)
	fresh, key := request(t)
	ask := &Ask{Request: fresh, Name: "hub", Now: o.now}
	cert := o.certificate(o.Renew(t.Context(), ask, leaf, from, o.now))
	before, _ := identity.MemberOf(leaf)
	after, err := identity.MemberOf(cert)
	if err != nil || after != before || !key.PublicKey.Equal(cert.PublicKey) || cert.NotAfter.Sub(o.now).Round(time.Hour) != 90*day {
		t.Errorf("%+v until %s, %v", after, cert.NotAfter, err)
	}
	serials, err := o.store.RevokeNode(t.Context(), "s012", "stolen", o.now)
	if err != nil || len(serials) != 2 {
		t.Errorf("revoking reaches %v, %v; want both", serials, err)
	}
	refused := 0
	for range 2 * renewals {
		if a := o.Renew(t.Context(), ask, leaf, from, o.now); a.Refused != nil {
			o.wantRefused(a, ReasonBusy)
			refused++
		}
	}
	if refused != renewals+1 {
		t.Errorf("of %d renewals in a row %d were refused", 2*renewals+1, refused)
	}
}

// full is a book on a disk without room.
type full struct{ *store.Store }

func (full) AddCert(context.Context, store.Cert) error { return store.ErrFull }

func TestNoCertificateLeavesThatIsNotWrittenDown(t *testing.T) {
	o := newOffice(t)
	token := o.token("s012", identity.School)
	der, _ := request(t)
	whole := o.book
	o.book = full{o.store}
	o.wantRefused(o.comes(token, "", der), ReasonFailed)
	o.book = whole
	o.certificate(o.comes(token, "", der)) // the same machine, when there is room again
}

func TestRefusalsSayNothingOfTheHub(t *testing.T) {
	o := newOffice(t)
	token := o.token("s012", identity.School)
	der, _ := request(t)
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	a := o.comes(token, "", der)
	o.wantRefused(a, ReasonFailed)
	if strings.Contains(a.Refused.Why, "sql") {
		t.Errorf("%q", a.Refused.Why)
	}
}
