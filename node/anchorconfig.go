package node

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/bonafide-id/bonafide/anchor"
	"github.com/bonafide-id/bonafide/contracts"
)

// AnchorConfig are the settings about a chain. Without anchor_rpc there is none:
// nothing is anchored, nothing is asked.
type AnchorConfig struct {
	RPC            []string `toml:"anchor_rpc"`
	Quorum         int      `toml:"anchor_quorum"`
	Chain          string   `toml:"anchor_chain"`
	Depth          int      `toml:"anchor_depth"`
	MaxLag         string   `toml:"anchor_max_lag"`
	BatchesBehind  int      `toml:"anchor_batches_behind"`
	Contract       string   `toml:"anchor_contract"`
	Grade          string   `toml:"anchor_grade"`
	AnchorCadence  string   `toml:"anchor_cadence"`
	Poll           string   `toml:"anchor_poll"`
	FeeCap         string   `toml:"anchor_fee_cap_gwei"`
	Key            string   `toml:"anchor_key"`
	KeyPassphrase  string   `toml:"anchor_key_passphrase_file"`
	ExternalSigner string   `toml:"anchor_signer"`
	Account        string   `toml:"anchor_account"`
}

func defaultAnchorConfig() AnchorConfig {
	return AnchorConfig{MaxLag: "6h", BatchesBehind: 2, AnchorCadence: "24h", Poll: "15s", FeeCap: "50"}
}

func anchorSettings(s func(key, kind, doc string, field func(*Config) any) Setting) []Setting {
	return []Setting{
		s("anchor_rpc", "list", "JSON-RPC servers of the chain with anchors; all that answer must agree; none: no chain", func(c *Config) any { return &c.RPC }),
		s("anchor_quorum", "int", "how many of them must answer; 0: all", func(c *Config) any { return &c.Quorum }),
		s("anchor_chain", "string", "the chain, such as eip155:1", func(c *Config) any { return &c.Chain }),
		s("anchor_depth", "int", "blocks on top that make a block final, for chains that finalize nothing; 0: the tag finalized", func(c *Config) any { return &c.Depth }),
		s("anchor_max_lag", "duration", "age of the newest final block beyond which the chain counts as not known", func(c *Config) any { return &c.MaxLag }),
		s("anchor_batches_behind", "int", "how many batches behind its aggregator's newest an issuer's proof may be", func(c *Config) any { return &c.BatchesBehind }),
		s("anchor_contract", "string", "address of the contract that heads are anchored in; bonafide anchor deploy makes one", func(c *Config) any { return &c.Contract }),
		s("anchor_grade", "string", "what this node anchors: empty for nothing, floor (order and freshness of own issuers) or existed-by (batches of all who name its account)", func(c *Config) any { return &c.Grade }),
		s("anchor_cadence", "duration", "how often the newest heads are anchored", func(c *Config) any { return &c.AnchorCadence }),
		s("anchor_poll", "duration", "how often a transaction that is on its way is looked after", func(c *Config) any { return &c.Poll }),
		s("anchor_fee_cap_gwei", "string", "the most that is paid for one gas, in gwei", func(c *Config) any { return &c.FeeCap }),
		s("anchor_key", "string", "keystore file (as geth writes it) of the account that anchors", func(c *Config) any { return &c.Key }),
		s("anchor_key_passphrase_file", "string", "file that holds the passphrase of that keystore file", func(c *Config) any { return &c.KeyPassphrase }),
		s("anchor_signer", "string", "URL of an external signer (Clef) in place of a keystore file", func(c *Config) any { return &c.ExternalSigner }),
		s("anchor_account", "string", "account for which the external signer signs", func(c *Config) any { return &c.Account }),
	}
}

// check holds the settings against each other. The error is ErrConfig.
func (c AnchorConfig) check() error {
	bad := func(key, value, why string) error { return fmt.Errorf("%w: %s = %q %s", ErrConfig, key, value, why) }
	switch {
	case c.Grade != "" && !anchor.Grade(c.Grade).Valid():
		return bad("anchor_grade", c.Grade, "is not one of floor, existed-by")
	case c.Depth < 0 || c.Depth > 1_000_000:
		return bad("anchor_depth", strconv.Itoa(c.Depth), "is not in 0 to 1,000,000")
	case c.BatchesBehind < 0 || c.BatchesBehind > 1_000_000:
		return bad("anchor_batches_behind", strconv.Itoa(c.BatchesBehind), "is not in 0 to 1,000,000")
	case c.Quorum < 0 || c.Quorum > 16:
		return bad("anchor_quorum", strconv.Itoa(c.Quorum), "is not in 0 to 16")
	}
	if _, err := c.feeCap(); err != nil {
		return bad("anchor_fee_cap_gwei", c.FeeCap, "is no number of gwei with at most 9 decimals")
	}
	if c.Chain != "" {
		if _, err := c.chainID(); err != nil {
			return bad("anchor_chain", c.Chain, "is not of the form eip155:1")
		}
	}
	for key, v := range map[string]string{"anchor_contract": c.Contract, "anchor_account": c.Account} {
		if v == "" {
			continue
		}
		if _, err := contracts.ParseAddress(v); err != nil {
			return bad(key, v, "is no address")
		}
	}
	if len(c.RPC) > 0 {
		if _, err := c.newChain(nil, nil); err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	return nil
}

func (c AnchorConfig) chainID() (uint64, error) {
	digits, ok := strings.CutPrefix(c.Chain, "eip155:")
	n, err := strconv.ParseUint(digits, 10, 63)
	if !ok || err != nil || n == 0 {
		return 0, fmt.Errorf("%w: anchor_chain = %q", ErrConfig, c.Chain)
	}
	return n, nil
}

// feeCap is in wei.
func (c AnchorConfig) feeCap() (*big.Int, error) {
	whole, part, _ := strings.Cut(c.FeeCap, ".")
	if len(part) > 9 || len(whole) > 12 {
		return nil, ErrConfig
	}
	n, err := strconv.ParseUint(whole+part+strings.Repeat("0", 9-len(part)), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return new(big.Int).SetUint64(n), nil
}
