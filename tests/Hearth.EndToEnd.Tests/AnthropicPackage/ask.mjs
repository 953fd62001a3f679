// node ask.mjs BASE_URL API_KEY MODEL PROMPT: asks through the unchanged package @anthropic-ai/sdk (a stream, the whole answer, one that a stop sequence ends,
// one that goes on from a beginning, the models, a refusal) and prints {"text", "chunks", "finishReason", "whole", "tokens", "stopped", "continued", "models", "refused"}.
import Anthropic from '@anthropic-ai/sdk';

const [baseURL, apiKey, model, prompt] = process.argv.slice(2);
const client = new Anthropic({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: 'user', content: prompt }];
const question = { model, max_tokens: 24, temperature: 0, system: [{ type: 'text', text: 'Answer with a number.' }], messages };

const stream = client.messages.stream(question);
let chunks = 0;
stream.on('text', () => chunks++);
const streamed = await stream.finalMessage();
const whole = await client.messages.create(question);
const textOf = (message) => message.content.map((block) => block.text).join('');

// In the middle of the answer: what stops it, and what it goes on from.
const middle = Math.floor(textOf(whole).length / 2);
const stop = textOf(whole).slice(middle, middle + 2);
const stopped = await client.messages.create({ ...question, stop_sequences: [stop] });
const continued = await client.messages.create({ ...question, messages: [...messages, { role: 'assistant', content: textOf(whole).slice(0, middle) }] });

const models = [];
for await (const one of client.models.list()) models.push(one.id);
let refused = null;
try {
  await client.messages.create({ ...question, max_tokens: 0 });
} catch (error) {
  refused = `${error.constructor.name} ${error.status} ${error.error?.error?.type}`;
}
console.log(JSON.stringify({
  text: textOf(streamed), chunks, finishReason: streamed.stop_reason, whole: textOf(whole), tokens: streamed.usage.output_tokens,
  stopped: `${textOf(stopped)}|${stopped.stop_reason}|${stopped.stop_sequence === stop}`, continued: textOf(whole).slice(0, middle) + textOf(continued), models, refused,
}));
