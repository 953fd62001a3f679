// node ask.mjs BASE_URL API_KEY MODEL PROMPT: streams an answer through the unchanged openai package and prints
// {"text", "chunks", "finishReason"}.
import OpenAI from 'openai';

const [baseURL, apiKey, model, prompt] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const stream = await client.chat.completions.create({
  model, messages: [{ role: 'user', content: prompt }], stream: true, temperature: 0, max_tokens: 24,
});
let text = '', chunks = 0, finishReason = null;
for await (const chunk of stream) {
  chunks++;
  text += chunk.choices[0]?.delta?.content ?? '';
  finishReason = chunk.choices[0]?.finish_reason ?? finishReason;
}
console.log(JSON.stringify({ text, chunks, finishReason }));
