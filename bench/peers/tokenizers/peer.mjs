// Answers lines: "load FILE" -> "ok", "encode FILE" -> seconds, tokens and the SHA-256 of the ids (little-endian, 4 bytes each).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Tokenizer } from 'tokenizers';

let tokenizer;
for await (const line of createInterface({ input: process.stdin })) {
  const [verb, path] = line.split('\t');
  if (verb === 'load') {
    tokenizer = Tokenizer.fromFile(path);
    console.log('ok');
    continue;
  }
  const text = readFileSync(path, 'utf8');
  const start = process.hrtime.bigint();
  const encoding = await tokenizer.encode(text, null, { addSpecialTokens: false });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const ids = Buffer.from(Uint32Array.from(encoding.getIds()).buffer);
  console.log([seconds, ids.length / 4, createHash('sha256').update(ids).digest('hex')].join(' '));
}
