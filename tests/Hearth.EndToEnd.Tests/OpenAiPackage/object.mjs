// node object.mjs BASE_URL API_KEY MODEL PROMPT: asks for an object by schema through the unchanged openai package, in one piece and streamed, then by a schema that
// cannot be, and prints {"text", "chunks", "finishReason", "whole", "refused"}.
import OpenAI from 'openai';

const [baseURL, apiKey, model, prompt] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const schema = {
  type: 'object',
  properties: {
    answer: { type: 'integer', minimum: 0, maximum: 1000 },
    certain: { type: 'boolean' },
    unit: { anyOf: [{ type: 'string', enum: ['apples', 'pears'] }, { type: 'null' }] },
    steps: { type: 'array', items: { $ref: '#/$defs/step' }, maxItems: 2 },
  },
  required: ['answer', 'certain', 'unit', 'steps'],
  additionalProperties: false,
  $defs: { step: { type: 'object', properties: { text: { type: 'string', maxLength: 20 } }, required: ['text'], additionalProperties: false } },
};
const question = {
  model, messages: [{ role: 'user', content: prompt }], temperature: 0, max_tokens: 400,
  response_format: { type: 'json_schema', json_schema: { name: 'sum', strict: true, schema } },
};
const whole = await client.chat.completions.parse(question);
const stream = client.chat.completions.stream(question);
let text = '', chunks = 0;
stream.on('content', (delta) => { text += delta; chunks++; });
const last = await stream.finalChatCompletion();
const impossible = { type: 'json_schema', json_schema: { name: 'none', schema: { type: 'object', properties: { a: { not: {} } } } } };
const refused = await client.chat.completions.create({ ...question, response_format: impossible }).then(() => null, (error) => `${error.status} ${error.param} ${error.message}`);
console.log(JSON.stringify({ text, chunks, finishReason: last.choices[0].finish_reason, whole: whole.choices[0].message.content, refused }));
