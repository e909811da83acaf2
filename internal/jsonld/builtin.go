package jsonld

import "embed"

//go:generate node contexts/generate.mjs

//go:embed contexts/*.jsonld contexts/ob-*.json
var contextFiles embed.FS

// builtin is one row of the table of embedded contexts.
type builtin struct {
	url, file string
	embedded  string // SHA-256 of the embedded bytes
	published string // SHA-256 that the publisher's file has; "" when it is our own
}

func (b builtin) body() []byte {
	body, err := contextFiles.ReadFile("contexts/" + b.file)
	if err != nil {
		return nil // a missing file fails as an invalid context when it is used
	}
	return body
}

// builtins is the table of contexts/README.md. Tests hold it against the files.
func builtins() []builtin {
	same := func(url, file, digest string) builtin { return builtin{url, file, digest, digest} }
	return []builtin{
		same("https://www.w3.org/ns/credentials/v2", "credentials-v2.jsonld",
			"59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"),
		same("https://www.w3.org/2018/credentials/v1", "credentials-v1.jsonld",
			"ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc"),
		same("https://www.w3.org/ns/credentials/status/v1", "status-v1.jsonld",
			"fda5add353231e6a6884a46b12e6c75464281900cb348284d9c360f62381d9f7"),
		same("https://w3id.org/vc/status-list/2021/v1", "status-list-2021-v1.jsonld",
			"6dd06a52bedb771e059c1083ba8ba7848dce22f6b4a8cfa0b98ba3fc188870e4"),
		same("https://w3id.org/security/data-integrity/v2", "data-integrity-v2.jsonld",
			"67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4"),
		same("https://w3id.org/security/data-integrity/v1", "data-integrity-v1.jsonld",
			"b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554"),
		same("https://w3id.org/security/multikey/v1", "multikey-v1.jsonld",
			"ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597"),
		same("https://www.w3.org/ns/did/v1", "did-v1.jsonld",
			"62c1054bf404d6dd3a4b26b64f830fd72095f6a26edc4469908c94351352ce5f"),
		same("https://w3id.org/security/suites/ed25519-2020/v1", "ed25519-2020-v1.jsonld",
			"b9e1ab971fd8bf2c7553e0c4a9438e0b9450afde1ea1ca5b2492368b9f549588"),
		same("https://w3id.org/security/suites/jws-2020/v1", "jws-2020-v1.jsonld",
			"d648e05ddc6577827ca2bfd5e931f53e9ebc6e52a57a8da81df4ec8c46ffcd1e"),
		same("https://w3id.org/security/v1", "security-v1.jsonld",
			"abaf97e107d1925503c433dcaf3ffd2831697cacc1ed2a293e1bc8030d5bcb47"),
		same("https://w3id.org/security/v2", "security-v2.jsonld",
			"611bd81151d5efe53ec9aed78f5a813e577287bc9451ee26d6879b1b8b46bc3b"),
		same("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", "ob-3.0.3.json",
			"3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84"),
		same("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json", "ob-3.0.2.json",
			"bba433989e1e700ca60838a3c22378e7d8381aeb0c9590f9ddf84d1714f10296"),
		same("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json", "ob-3.0.1.json",
			"cfc147db5fd5e3575b06bd471fe04784e92de69296f64a351b8dff0ec3372e9c"),
		same("https://purl.imsglobal.org/spec/ob/v3p0/context.json", "ob-context.json",
			"b077fa134d909d92c1dcd1c153f2af1b244aeb415967fdc1467d7fc5dd48ac10"),
		same("https://purl.imsglobal.org/spec/ob/v3p0/extensions.json", "ob-extensions.json",
			"146f85aa16effd7ca1da8056eb443f53ce1eca8a34186cb062832c0a97d889c3"),
		{"https://bonafide.id/contexts/micro-credential/v1", "bonafide-v1.jsonld",
			"eec67a8a7992e05b41592b091e8bd65e2181875299b68024a849e3c403b8b85d", ""},
		{"https://bonafide.id/contexts/legal-entity/v1", "legal-entity-v1.jsonld",
			"14b736cdf909cb3a5cb2c81fcb29cc5c38faa4c03f0918afb89dcd53cd8694b3", ""},
	}
}
