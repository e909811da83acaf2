package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/bonafide-id/bonafide/internal/fetch"
	"github.com/bonafide-id/bonafide/replica/exchange"
	"github.com/bonafide-id/bonafide/revocation"
	"github.com/bonafide-id/bonafide/store/postgres"
)

// Config are all settings of a node. DefaultConfig gives the defaults; a home's
// config.toml, the environment and flags override them in that order.
type Config struct {
	Home string `toml:"-"`

	Public         string   `toml:"public"`
	Admin          string   `toml:"admin"`
	Listen         []string `toml:"listen"`
	Announce       []string `toml:"announce"`
	Bootstrap      []string `toml:"bootstrap"`
	MDNS           bool     `toml:"mdns"`
	DHT            string   `toml:"dht"`
	Relay          bool     `toml:"relay"`
	UseRelays      bool     `toml:"use_relays"`
	Network        string   `toml:"network"`
	Policy         string   `toml:"policy"`
	Cadence        string   `toml:"cadence"`
	Publication    string   `toml:"publication"`
	Heartbeat      string   `toml:"heartbeat"`
	HeadLifetime   string   `toml:"head_lifetime"`
	ListValidity   string   `toml:"list_validity"`
	SyncInterval   string   `toml:"sync_interval"`
	DevHostMap     []string `toml:"dev_host_map"`
	PublishDir     string   `toml:"publish_dir"`
	Observers      []string `toml:"observers"`
	ServeAll       bool     `toml:"serve_all"`
	ListFill       int      `toml:"list_fill"`
	StatusMemory   int      `toml:"status_memory"`
	Gossip         string   `toml:"gossip_heartbeat"`
	PassphraseFile string   `toml:"passphrase_file"`
	OfflineKeysAt  string   `toml:"offline_keys_at"`
	Store          string   `toml:"store"`
	StorePassword  string   `toml:"store_password_file"`
	LogLevel       string   `toml:"log_level"`
	LogFormat      string   `toml:"log_format"`
	ResumeAlone    bool     `toml:"resume_alone"`
	FailureStatus  int      `toml:"verify_failure_status"`

	ListMaxDays       int  `toml:"list_max_days"`
	ListMinHolders    int  `toml:"list_min_holders"`
	ListSize          int  `toml:"list_size"`
	RegisterHolder    bool `toml:"register_holder"`
	RegisterRetention int  `toml:"register_retention_days"`

	LOTLURL string `toml:"lotl_url"`

	AnchorConfig
}

// maxListSize keeps a signed list, of random bits at worst, below the largest
// body of its kind.
const maxListSize = 1 << 23

// DefaultConfig returns the settings of a node that nobody configured.
func DefaultConfig() Config {
	return Config{
		Home: DefaultHome(), Public: "127.0.0.1:8480", Admin: "127.0.0.1:8481",
		Listen: []string{"/ip4/0.0.0.0/udp/8482/quic-v1", "/ip4/0.0.0.0/tcp/8482"},
		DHT:    "auto", UseRelays: true, Network: string(exchange.NetworkReplicaFirst), Policy: "",
		Cadence: "15m", Publication: publicationAuto, Heartbeat: "6h", HeadLifetime: "168h", ListValidity: "720h", SyncInterval: "30s",
		ListFill: 50, StatusMemory: 64, Gossip: "1s", LogLevel: "info", LogFormat: "text", FailureStatus: 200,
		ListMinHolders: 1000, ListSize: revocation.MinEntries, RegisterRetention: 365,
		AnchorConfig: defaultAnchorConfig(),
	}
}

// DefaultHome is BONAFIDE_HOME or the state folder that the platform names.
func DefaultHome() string {
	if h := os.Getenv("BONAFIDE_HOME"); h != "" {
		return h
	}
	if h := os.Getenv("XDG_STATE_HOME"); h != "" {
		return filepath.Join(h, "bonafide")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "bonafide"
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		if dir, err := os.UserConfigDir(); err == nil {
			return filepath.Join(dir, "bonafide")
		}
	}
	return filepath.Join(home, ".local", "state", "bonafide")
}

// Setting describes one setting: its key in config.toml, its flag, its
// environment variable and what it does.
type Setting struct {
	Key, Flag, Env, Doc string
	Kind                string // string, bool, int, duration or list
	field               func(*Config) any
}

// Settings lists every setting of config.toml.
func Settings() []Setting {
	s := func(key, kind, doc string, field func(*Config) any) Setting {
		return Setting{Key: key, Kind: kind, Doc: doc, field: field,
			Flag: strings.ReplaceAll(key, "_", "-"), Env: "BONAFIDE_" + strings.ToUpper(key)}
	}
	return append([]Setting{
		s("public", "string", "address of the public listener", func(c *Config) any { return &c.Public }),
		s("admin", "string", "address of the admin listener", func(c *Config) any { return &c.Admin }),
		s("listen", "list", "multiaddrs on which peers may connect", func(c *Config) any { return &c.Listen }),
		s("announce", "list", "multiaddrs told to peers in place of those found", func(c *Config) any { return &c.Announce }),
		s("bootstrap", "list", "multiaddrs of peers that are always kept connected", func(c *Config) any { return &c.Bootstrap }),
		s("mdns", "bool", "find peers on the local network", func(c *Config) any { return &c.MDNS }),
		s("dht", "string", "part in the distributed table: auto, off, client or server", func(c *Config) any { return &c.DHT }),
		s("relay", "bool", "relay for peers that nobody can reach", func(c *Config) any { return &c.Relay }),
		s("use_relays", "bool", "be reachable through other nodes' relays", func(c *Config) any { return &c.UseRelays }),
		s("network", "string", "how far a verification may go: off, replica-first or origin", func(c *Config) any { return &c.Network }),
		s("policy", "string", "policy of verifications: authentic, recognised or a file; empty chooses by whether a trust root is set", func(c *Config) any { return &c.Policy }),
		s("lotl_url", "string", "https address of the EU list of trusted lists, for trust update --web; empty: the web is not asked for lists", func(c *Config) any { return &c.LOTLURL }),
		s("cadence", "duration", "how often changes of status are published", func(c *Config) any { return &c.Cadence }),
		s("publication", "string", "what is signed at each slot of the cadence: fixed (every list, changed or not), on-change, or auto (fixed up to 64 pairs of lists)", func(c *Config) any { return &c.Publication }),
		s("heartbeat", "duration", "how often a head is renewed without changes", func(c *Config) any { return &c.Heartbeat }),
		s("head_lifetime", "duration", "how long a head is good for", func(c *Config) any { return &c.HeadLifetime }),
		s("list_validity", "duration", "how long a signed status list is good for", func(c *Config) any { return &c.ListValidity }),
		s("sync_interval", "duration", "how often a random peer is asked for news", func(c *Config) any { return &c.SyncInterval }),
		s("dev_host_map", "list", "HOST=URL pairs that send web look-ups to a loopback server (development only)", func(c *Config) any { return &c.DevHostMap }),
		s("publish_dir", "string", "folder of a web server into which each new state is exported", func(c *Config) any { return &c.PublishDir }),
		s("observers", "list", "peers whose sightings of a domain count as our own", func(c *Config) any { return &c.Observers }),
		s("serve_all", "bool", "give out all folders that are held, as a public resolver does", func(c *Config) any { return &c.ServeAll }),
		s("list_fill", "int", "share of a status list, in percent, given out before the next is opened", func(c *Config) any { return &c.ListFill }),
		s("list_max_days", "int", "days that indices are given out from one status list; 0: until it has reached its share", func(c *Config) any { return &c.ListMaxDays }),
		s("list_min_holders", "int", "a warning tells of lists that are shared by fewer credentials than this; 0: none", func(c *Config) any { return &c.ListMinHolders }),
		s("list_size", "int", "entries of a new status list, a multiple of 8", func(c *Config) any { return &c.ListSize }),
		s("register_holder", "bool", "keep what the issuer calls the holder in the private register of issued credentials", func(c *Config) any { return &c.RegisterHolder }),
		s("register_retention_days", "int", "days after a credential's end when its row of the private register is erased; 0: never", func(c *Config) any { return &c.RegisterRetention }),
		s("status_memory", "int", "MiB of memory in which verified status lists are kept between verifications", func(c *Config) any { return &c.StatusMemory }),
		s("gossip_heartbeat", "duration", "interval of gossip upkeep", func(c *Config) any { return &c.Gossip }),
		s("passphrase_file", "string", "file that holds the passphrase of the keys", func(c *Config) any { return &c.PassphraseFile }),
		s("offline_keys_at", "string", "where the offline keys are kept, in words, for the recovery sheet of backups", func(c *Config) any { return &c.OfflineKeysAt }),
		s("store", "string", "where everything but keys and settings is kept: empty for the file store.db in the home, or postgres://USER@HOST/DATABASE", func(c *Config) any { return &c.Store }),
		s("store_password_file", "string", "file that holds the password of the database user; without it PGPASSWORD and PGPASSFILE count", func(c *Config) any { return &c.StorePassword }),
		s("log_level", "string", "debug, info, warn or error", func(c *Config) any { return &c.LogLevel }),
		s("log_format", "string", "text or json", func(c *Config) any { return &c.LogFormat }),
		s("verify_failure_status", "int", "HTTP status of a verification that did not come to verified: 200, or 400 as older clients of VC-API expect", func(c *Config) any { return &c.FailureStatus }),
		s("resume_alone", "bool", "sign without reading the last head back from elsewhere", func(c *Config) any { return &c.ResumeAlone }),
	}, anchorSettings(s)...)
}

// Set gives a setting a value as text. A list is replaced by the comma
// separated members of value. The error is ErrConfig.
func (c *Config) Set(key, value string) error {
	for _, s := range Settings() {
		if s.Key != key {
			continue
		}
		switch p := s.field(c).(type) {
		case *string:
			*p = value
		case *bool:
			b, err := strconv.ParseBool(value)
			if err != nil {
				return fmt.Errorf("%w: %s = %q is neither true nor false", ErrConfig, key, value)
			}
			*p = b
		case *int:
			n, err := strconv.Atoi(value)
			if err != nil {
				return fmt.Errorf("%w: %s = %q is no number", ErrConfig, key, value)
			}
			*p = n
		case *[]string:
			*p = nil
			for _, e := range strings.Split(value, ",") {
				if e = strings.TrimSpace(e); e != "" {
					*p = append(*p, e)
				}
			}
		}
		return c.Check()
	}
	return fmt.Errorf("%w: there is no setting %q", ErrConfig, key)
}

// SetList gives a list setting its members. The error is ErrConfig.
func (c *Config) SetList(key string, members []string) error {
	for _, s := range Settings() {
		if p, ok := s.field(c).(*[]string); ok && s.Key == key {
			*p = append([]string(nil), members...)
			return c.Check()
		}
	}
	return fmt.Errorf("%w: there is no list setting %q", ErrConfig, key)
}

// Of returns the setting as it is in c, as text.
func (s Setting) Of(c Config) string {
	switch p := s.field(&c).(type) {
	case *string:
		return *p
	case *bool:
		return strconv.FormatBool(*p)
	case *int:
		return strconv.Itoa(*p)
	case *[]string:
		return strings.Join(*p, ",")
	}
	return ""
}

// Check holds the settings against each other. The error is ErrConfig.
func (c Config) Check() error {
	bad := func(key, value, why string) error { return fmt.Errorf("%w: %s = %q %s", ErrConfig, key, value, why) }
	for _, s := range Settings() {
		if p, ok := s.field(&c).(*string); ok && s.Kind == "duration" {
			if d, err := time.ParseDuration(*p); err != nil || d <= 0 {
				return bad(s.Key, *p, "is no duration such as 15m")
			}
		}
	}
	for key, one := range map[string][]string{
		"dht":         {c.DHT, "auto", "off", "client", "server"},
		"network":     {c.Network, "off", "replica-first", "origin"},
		"log_level":   {c.LogLevel, "debug", "info", "warn", "error"},
		"log_format":  {c.LogFormat, "text", "json"},
		"publication": {c.Publication, publicationFixed, publicationOnChange, publicationAuto},
	} {
		ok := false
		for _, allowed := range one[1:] {
			ok = ok || one[0] == allowed
		}
		if !ok {
			return bad(key, one[0], "is not one of "+strings.Join(one[1:], ", "))
		}
	}
	if c.ListFill < 1 || c.ListFill > 90 {
		return bad("list_fill", strconv.Itoa(c.ListFill), "is not in 1 to 90")
	}
	for key, v := range map[string]int{"list_max_days": c.ListMaxDays, "list_min_holders": c.ListMinHolders, "register_retention_days": c.RegisterRetention} {
		if v < 0 || v > 1_000_000 {
			return bad(key, strconv.Itoa(v), "is not in 0 to 1,000,000")
		}
	}
	if c.ListSize < revocation.MinEntries || c.ListSize > maxListSize || c.ListSize%8 != 0 {
		return bad("list_size", strconv.Itoa(c.ListSize), fmt.Sprintf("is no multiple of 8 from %d to %d", revocation.MinEntries, maxListSize))
	}
	if c.StatusMemory < 1 || c.StatusMemory > 1<<16 {
		return bad("status_memory", strconv.Itoa(c.StatusMemory), "is not in 1 to 65536")
	}
	if c.FailureStatus != 200 && c.FailureStatus != 400 {
		return bad("verify_failure_status", strconv.Itoa(c.FailureStatus), "is neither 200 nor 400")
	}
	if c.Store != "" {
		if err := postgres.CheckAddress(c.Store); err != nil {
			return fmt.Errorf("%w: store: %w", ErrConfig, err)
		}
	}
	if err := c.AnchorConfig.check(); err != nil {
		return err
	}
	if duration(c.Heartbeat) >= duration(c.HeadLifetime) {
		return bad("heartbeat", c.Heartbeat, "is not shorter than head_lifetime")
	}
	if _, err := fetch.ParseHostMap(c.DevHostMap); err != nil {
		return fmt.Errorf("%w: dev_host_map: %w", ErrConfig, err)
	}
	return nil
}

// duration reads a duration that Check has seen.
func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0
	}
	return d
}

// ReadConfig reads config.toml of a home over the defaults; a file that is not
// there changes nothing. Unknown settings are refused. The error is ErrConfig.
func ReadConfig(home string) (Config, error) {
	c := DefaultConfig()
	c.Home = home
	path := filepath.Join(home, "config.toml")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil || info.Size() > 1<<20 {
		return c, fmt.Errorf("%w: %s cannot be read", ErrConfig, path)
	}
	meta, err := toml.DecodeFile(path, &c)
	if err != nil {
		return c, fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
	}
	if left := meta.Undecoded(); len(left) > 0 {
		return c, fmt.Errorf("%w: %s: there is no setting %q", ErrConfig, path, left[0].String())
	}
	return c, c.Check()
}

// path names a file of the home.
func (c Config) path(parts ...string) string {
	return filepath.Join(append([]string{c.Home}, parts...)...)
}
