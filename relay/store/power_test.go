package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// victim names, in the environment of a child process, the database that it writes to
// until it is killed.
const victim = "CLASSRELAY_TEST_VICTIM"

// writers is how many goroutines of the child write at once.
const writers = 3

// TestPowerIsLostUnderLoad kills a process that writes as fast as it can, over and over.
// What it said is done must be there, the file must hold together and the audit log
// must verify. A kill leaves what the system has in its cache, so this does not show
// that fsync is called; that is synchronous=FULL, and the next test looks that it is on.
// Every second time there is rubbish behind the end of the write-ahead log, as a torn
// write leaves it.
func TestPowerIsLostUnderLoad(t *testing.T) {
	if path := os.Getenv(victim); path != "" {
		writeUntilKilled(path)
	}
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	if n, err := strconv.Atoi(os.Getenv("CLASSRELAY_KILLS")); err == nil {
		rounds = n
	}
	rng := rand.New(rand.NewPCG(20, 6))
	path := In(t.TempDir())
	s, err := Open(path)
	must(t, err)
	writer(t, s)
	acked := make(map[string]int) // the last number of each writer
	for i := range writers {
		acked[fmt.Sprintf("w%d", i)] = 0
		put(t, s, rec(TableCounty, fmt.Sprintf("w%d", i), `{"n":0}`))
	}
	must(t, s.Close())

	total := 0
	for round := range rounds {
		for who, n := range runAndKill(t, path, time.Duration(rng.IntN(150))*time.Millisecond) {
			total += n - acked[who]
			acked[who] = n
		}
		if round%2 == 1 {
			tear(t, path+"-wal", rng)
		}
		s, err := OpenExisting(path) // checks the file, and moves nothing aside
		must(t, err)
		for who, n := range acked {
			var is int
			if _, err := fmt.Sscanf(rowOf(t, s, TableCounty, who), `{"n":%d}`, &is); err != nil || is < n || is > n+1 {
				t.Errorf("round %d: writer %s was told %d, and %d is there: %v", round, who, n, is, err)
			}
			acked[who] = is // written, and killed before it could say so
		}
		entries, err := s.VerifyAudit(t.Context())
		if err != nil || entries < int64(total) {
			t.Errorf("round %d: %d of at least %d audit entries, %v", round, entries, total, err)
		}
		must(t, s.Close())
	}
	t.Logf("%d kills, %d acknowledged writes", rounds, total)
	if total < rounds {
		t.Errorf("only %d writes in %d rounds: this shows nothing", total, rounds)
	}
}

// writeUntilKilled writes a number after the other, each with its audit entry, and says
// so when it is done.
func writeUntilKilled(path string) {
	die := func(err error) {
		if err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
	s, err := OpenExisting(path)
	die(err)
	// So that it is also killed while the log is copied into the database, which is every
	// thousand pages otherwise.
	_, err = s.write.Exec("PRAGMA wal_autocheckpoint = 8")
	die(err)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { // ends with the process
			ctx, who, n := context.Background(), fmt.Sprintf("w%d", i), 0
			r, err := s.Get(ctx, TableCounty, who)
			die(err)
			_, err = fmt.Sscanf(string(r.Row), `{"n":%d}`, &n)
			die(err)
			for {
				n++
				_, err := s.Put(ctx, rec(TableCounty, who, fmt.Sprintf(`{"n":%d}`, n)))
				die(err)
				die(s.Audit(ctx, Event{At: time.Now(), Actor: who, Action: "write", Object: strings.Repeat("x", 300)}))
				fmt.Println(who, n)
			}
		})
	}
	wg.Wait()
}

// runAndKill runs the child, kills it some time after its first acknowledged write, and
// returns what it acknowledged last.
func runAndKill(t *testing.T, path string, after time.Duration) map[string]int {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestPowerIsLostUnderLoad$")
	child.Env = append(os.Environ(), victim+"="+path)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	lines := bufio.NewScanner(out)
	acked := make(map[string]int)
	for lines.Scan() {
		who, number, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		if len(acked) == 0 {
			time.AfterFunc(after, func() { _ = child.Process.Kill() })
		}
		acked[who] = n
	}
	_ = child.Wait() // it was killed
	return acked
}

// tear puts rubbish behind the end of a file.
func tear(t *testing.T, path string, rng *rand.Rand) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	b := make([]byte, rng.IntN(10_000))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	_, err = f.Write(b)
	must(t, err)
	must(t, f.Close())
}

func TestEachCommitWaitsForTheDisk(t *testing.T) {
	s, err := Open(In(t.TempDir()))
	must(t, err)
	defer func() { must(t, s.Close()) }()
	for pragma, want := range map[string]string{
		"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "10000",
	} {
		var got string
		must(t, s.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	if _, err := s.read.ExecContext(t.Context(), `DELETE FROM token`); err == nil {
		t.Error("a connection for reading writes")
	}
}

func TestTwoProcessesWriteInTurns(t *testing.T) {
	path := In(t.TempDir())
	s, err := Open(path)
	must(t, err)
	writer(t, s)
	for i := range writers {
		put(t, s, rec(TableCounty, fmt.Sprintf("w%d", i), `{"n":0}`))
	}
	defer func() { must(t, s.Close()) }()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPowerIsLostUnderLoad$")
	child.Env = append(os.Environ(), victim+"="+path)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	lines := bufio.NewScanner(out)
	for i := range 30 {
		if !lines.Scan() {
			t.Fatal("the child has ended")
		}
		put(t, s, rec(TableCounty, "us", fmt.Sprintf(`{"n":%d}`, i)))
	}
	must(t, child.Process.Kill())
	_, _ = io.Copy(io.Discard, out)
	_ = child.Wait() // it was killed
	if _, err := s.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
	if got := rowOf(t, s, TableCounty, "us"); got != `{"n":29}` {
		t.Errorf("ours is %s", got)
	}
}
