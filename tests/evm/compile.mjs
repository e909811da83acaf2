// Compiles contracts/Anchor.sol with the compiler of the lock file and writes
// the artefacts that are committed. Run by "go generate ./contracts":
//   node compile.mjs SOURCE FOLDER
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import solc from 'solc';

const [source, folder] = process.argv.slice(2);
if (!folder) throw new Error('usage: node compile.mjs SOURCE FOLDER');
const content = readFileSync(source, 'utf8');
const file = basename(source);
const name = basename(source, '.sol');

// london: the oldest fork that consortium chains are known to stay at. No
// metadata: the code depends on the code alone, neither on comments nor on paths.
const settings = {
  evmVersion: 'london',
  viaIR: true,
  optimizer: { enabled: true, runs: 1000000 },
  metadata: { appendCBOR: false, bytecodeHash: 'none' },
};
const wanted = ['abi', 'devdoc', 'userdoc', 'storageLayout', 'evm.bytecode.object', 'evm.deployedBytecode.object'];
const out = JSON.parse(solc.compile(JSON.stringify({
  language: 'Solidity',
  sources: { [file]: { content } },
  settings: { ...settings, outputSelection: { '*': { '*': wanted } } },
})));
for (const e of out.errors ?? []) console.error(e.formattedMessage);
if ((out.errors ?? []).length > 0) process.exit(1); // a warning is one too many

const c = out.contracts[file][name];
const layout = c.storageLayout.storage.map(({ label, slot, offset }) => ({ label, slot: Number(slot), offset }));
const write = (suffix, text) => writeFileSync(join(folder, name + suffix), text + '\n');
write('.abi', JSON.stringify(c.abi, null, 1));
write('.bin', c.evm.bytecode.object);
write('.json', JSON.stringify({
  compiler: solc.version(),
  settings,
  source: 'sha256-' + createHash('sha256').update(content).digest('hex'),
  runtime: c.evm.deployedBytecode.object,
  layout,
  userdoc: c.userdoc,
  devdoc: c.devdoc,
}, null, 1));
