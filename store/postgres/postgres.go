package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bonafide-id/bonafide/store"
	"github.com/bonafide-id/bonafide/store/sqlrows"
)

// Config has a zero value that works.
type Config struct {
	// Password for the user in the address. Empty leaves it to the sources that
	// every PostgreSQL client has: PGPASSWORD, PGPASSFILE, ~/.pgpass.
	Password string
	// Readers and Writers are the numbers of connections for View and Update; 0
	// means 8 readers, or twice the processors if that is more, and 4 writers.
	Readers, Writers int
	// LockTimeout is how long a write waits for another process before
	// store.ErrLocked; 0 means 30 s.
	LockTimeout time.Duration
	// InDoubt is how long the server is asked what became of a transaction whose
	// COMMIT was not answered, before store.ErrInDoubt; 0 means 60 s.
	InDoubt time.Duration
	// ConnectTimeout bounds one attempt to connect; 0 means 5 s.
	ConnectTimeout time.Duration
	// Logger is told of lost connections and of settings of the server that weaken
	// what is promised; nil discards.
	Logger *slog.Logger
}

func (c *Config) defaults() {
	if c.Readers <= 0 {
		c.Readers = max(8, 2*runtime.GOMAXPROCS(0))
	}
	if c.Writers <= 0 {
		c.Writers = 4
	}
	for d, usual := range map[*time.Duration]time.Duration{&c.LockTimeout: 30 * time.Second,
		&c.InDoubt: time.Minute, &c.ConnectTimeout: 5 * time.Second} {
		if *d <= 0 {
			*d = usual
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// Store is a store.Store in a database. Make one with Open.
type Store struct {
	cfg    Config
	place  string // server and database, without secrets
	schema string
	log    *slog.Logger
	tables *sqlrows.Tables
	// Two pools, because a View inside an Update must not wait for Updates.
	writers, readers *pgxpool.Pool

	texts sync.Map // query with ? -> query with $1; the program has a fixed set

	queueMu sync.Mutex
	queues  map[string]*queue

	mu     sync.RWMutex // held for reading by every operation
	closed bool
}

// queue is the line of those of this process that want to write in one scope, so
// that they wait here and not with a connection each.
type queue struct {
	turn  chan struct{}
	users int
}

// CheckAddress tells whether an address can be one of a database for Open,
// without connecting. The error is store.ErrInvalid. An address carries no
// password (it would be seen in the list of processes and in settings), and one
// of another machine says how the connection is secured.
func CheckAddress(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (*pgxpool.Config, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: address of the database: %s", store.ErrInvalid, fmt.Sprintf(format, args...))
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, bad("it is not of the form postgres://USER@HOST/DATABASE")
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		return nil, bad("it has a password in it; put that into a file or into PGPASSWORD")
	}
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, bad("%v", err)
	}
	hosts := []string{cfg.ConnConfig.Host}
	for _, f := range cfg.ConnConfig.Fallbacks {
		hosts = append(hosts, f.Host)
	}
	for _, h := range hosts {
		if !local(h) && !u.Query().Has("sslmode") {
			return nil, bad("%s is another machine; add sslmode=verify-full (with sslrootcert), or say with another sslmode how the connection is secured", h)
		}
	}
	return cfg, nil
}

// local tells whether a host is this machine: a socket or the loopback.
func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "localhost" || ip != nil && ip.IsLoopback()
}

// Open connects to a database and brings its schema up to date. Errors:
// store.ErrInvalid for an address that cannot be one, store.ErrUnreachable,
// store.ErrSchema when a newer program has been here, and others of package
// store.
func Open(ctx context.Context, address string, cfg Config) (*Store, error) {
	cfg.defaults()
	pool, err := parse(address)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: cfg, log: cfg.Logger, tables: sqlrows.NewTables(), queues: map[string]*queue{}}
	s.place = net.JoinHostPort(pool.ConnConfig.Host, strconv.Itoa(int(pool.ConnConfig.Port))) + "/" + pool.ConnConfig.Database
	s.configure(pool)
	if err := s.open(ctx, pool); err != nil {
		s.release()
		return nil, fmt.Errorf("database %s: %w", s.place, translate(ctx, err))
	}
	return s, nil
}

// configure sets what every connection needs.
func (s *Store) configure(pool *pgxpool.Config) {
	c := pool.ConnConfig
	if s.cfg.Password != "" {
		c.Password = s.cfg.Password
	}
	if c.ConnectTimeout <= 0 || c.ConnectTimeout > time.Minute {
		c.ConnectTimeout = s.cfg.ConnectTimeout
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "bonafide"
	}
	millis := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	c.RuntimeParams["lock_timeout"] = millis(s.cfg.LockTimeout)
	// A node that is gone without a word must not hold its lock for ever.
	c.RuntimeParams["idle_in_transaction_session_timeout"] = millis(5 * time.Minute)
	// The end of a context cancels the statement and not the connection.
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: 5 * time.Second}
	}
	pool.PingTimeout = s.cfg.ConnectTimeout
	pool.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		// Stronger settings than on (remote_apply) are the operator's and stay.
		_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false)
			WHERE current_setting('synchronous_commit') IN ('off', 'local')`)
		return err
	}
}

func (s *Store) open(ctx context.Context, pool *pgxpool.Config) (err error) {
	write, read := pool.Copy(), pool
	write.MaxConns, read.MaxConns = int32(s.cfg.Writers), int32(s.cfg.Readers)
	if s.writers, err = pgxpool.NewWithConfig(ctx, write); err != nil {
		return err
	}
	if s.readers, err = pgxpool.NewWithConfig(ctx, read); err != nil {
		return err
	}
	conn, err := s.writers.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if err := s.inspect(ctx, conn.Conn()); err != nil {
		return err
	}
	return s.migrate(ctx, conn.Conn())
}

// inspect looks whether the server can keep what is promised.
func (s *Store) inspect(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var encoding, fsync, pages string
	var schema *string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
		current_setting('fsync'), current_setting('full_page_writes'), current_schema()`).Scan(&version, &encoding, &fsync, &pages, &schema)
	switch {
	case err != nil:
		return err
	case version < 130000:
		return fmt.Errorf("%w: the server is of version %d; 13 or newer is needed", store.ErrInvalid, version/10000)
	case encoding != "UTF8":
		return fmt.Errorf("%w: the database has the encoding %s; create it with UTF8", store.ErrInvalid, encoding)
	case schema == nil:
		return fmt.Errorf("%w: none of the schemas of the search_path is there", store.ErrInvalid)
	}
	s.schema = *schema
	if fsync != "on" || pages != "on" {
		s.log.Warn("the database server can lose what it confirmed", "fsync", fsync, "full_page_writes", pages)
	}
	return nil
}

func (s *Store) release() {
	for _, p := range []*pgxpool.Pool{s.readers, s.writers} {
		if p != nil {
			p.Close()
		}
	}
}

// Close waits for running transactions and closes the connections. Closing twice
// is harmless.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.release()
	}
	return nil
}

// enter keeps Close waiting; the caller calls s.mu.RUnlock when err is nil.
func (s *Store) enter() error {
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return store.ErrClosed
	}
	return nil
}

// wait takes the turn of a scope in this process until ctx ends.
func (s *Store) wait(ctx context.Context, scope string) (leave func(), err error) {
	s.queueMu.Lock()
	q := s.queues[scope]
	if q == nil {
		q = &queue{turn: make(chan struct{}, 1)}
		s.queues[scope] = q
	}
	q.users++
	s.queueMu.Unlock()
	gone := func() {
		s.queueMu.Lock()
		defer s.queueMu.Unlock()
		if q.users--; q.users == 0 {
			delete(s.queues, scope)
		}
	}
	if err = ctx.Err(); err == nil {
		select {
		case q.turn <- struct{}{}:
			return func() { <-q.turn; gone() }, nil
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	gone()
	return nil, err
}

// lockKey is the number of the advisory lock of a scope. Two that share a number
// wait for each other and nothing worse.
func (s *Store) lockKey(kind, scope string) int64 {
	sum := sha256.Sum256([]byte("bonafide\x00" + kind + "\x00" + s.schema + "\x00" + scope))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.mu.RUnlock()
	return s.view(ctx, func(t *tx) error { return fn(sqlrows.New(s.tables, t, false)) })
}

// viewSQL fixes the snapshot; BEGIN alone does not.
const viewSQL = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT number FROM schema_info"

func (s *Store) view(ctx context.Context, fn func(*tx) error) error {
	var conn *pgxpool.Conn
	// A pooled connection may have died with its server: one more try is free,
	// because nothing was asked yet.
	for attempt := 0; ; attempt++ {
		var err error
		if conn, err = s.readers.Acquire(ctx); err == nil {
			if err = simple(ctx, conn.Conn(), viewSQL); err == nil {
				break
			}
			conn.Release()
		}
		if err = translate(ctx, err); attempt > 0 || !errors.Is(err, store.ErrUnreachable) {
			return err
		}
	}
	t := &tx{store: s, conn: conn.Conn(), ctx: ctx}
	defer func() {
		t.done = true
		rollback(conn)
	}()
	return fn(t)
}

// rollback ends what is open on a connection and gives it back; the pool drops
// one that is broken or still in a transaction.
func rollback(conn *pgxpool.Conn) {
	if !conn.Conn().IsClosed() && conn.Conn().PgConn().TxStatus() != 'I' {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = simple(ctx, conn.Conn(), "ROLLBACK")
	}
	conn.Release()
}

// simple runs statements without arguments in one message.
func simple(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}
