// node ask.mjs BASE_URL API_KEY MODEL PROMPT: asks twice through the unchanged packages ai and @ai-sdk/fireworks, once for the whole answer
// and once for a stream, and prints {"text", "chunks", "finishReason", "whole", "tokens"}.
import { createFireworks } from '@ai-sdk/fireworks';
import { generateText, streamText } from 'ai';

const [baseURL, apiKey, model, prompt] = process.argv.slice(2);
const fireworks = createFireworks({ baseURL, apiKey });
const question = { model: fireworks(model), prompt, temperature: 0, maxOutputTokens: 24, maxRetries: 0 };
const whole = await generateText(question);
const stream = streamText({ ...question, onError: ({ error }) => { throw error; } });
let text = '', chunks = 0;
for await (const piece of stream.textStream) {
  chunks++;
  text += piece;
}
console.log(JSON.stringify({ text, chunks, finishReason: await stream.finishReason, whole: whole.text, tokens: whole.usage.outputTokens }));
