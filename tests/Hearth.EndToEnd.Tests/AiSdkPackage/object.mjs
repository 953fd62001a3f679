// node object.mjs BASE_URL API_KEY MODEL PROMPT: generateObject of the unchanged packages ai and @ai-sdk/fireworks; prints {"text", "finishReason"}, the text being the object.
import { createFireworks } from '@ai-sdk/fireworks';
import { generateObject, jsonSchema } from 'ai';

const [baseURL, apiKey, model, prompt] = process.argv.slice(2);
const fireworks = createFireworks({ baseURL, apiKey });
const schema = jsonSchema({
  type: 'object',
  properties: { answer: { type: 'integer', minimum: 0, maximum: 1000 }, unit: { type: 'string', enum: ['apples', 'pears'] } },
  required: ['answer', 'unit'],
  additionalProperties: false,
});
const { object, finishReason } = await generateObject({ model: fireworks(model), prompt, schema, temperature: 0, maxOutputTokens: 300, maxRetries: 0 });
console.log(JSON.stringify({ text: JSON.stringify(object), chunks: 1, finishReason }));
