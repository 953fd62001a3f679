// The peer of `bench/run engine`: llama.cpp through node-llama-cpp, its prebuilt CPU library, greedy. Reads a JSON command a line, answers a JSON value a line.
// Figures are taken here, around the calls, so that the pipe is not measured. Start it with UV_THREADPOOL_SIZE=1 OMP_WAIT_POLICY=active.
import {createInterface} from "node:readline";
import {readFileSync} from "node:fs";
import {getLlama} from "node-llama-cpp";

const llama = await getLlama({build: "never", gpu: false, maxThreads: 2, logLevel: "error", logger: (level, text) => process.stderr.write(text)});
const greedy = {temperature: 0, yieldEogToken: true};
let model, context, sequences = [];

/** `count` token ids that no earlier prompt had. */
let drawn = 0x9E3779B9;
const freshTokens = (count, vocabulary) => Array.from({length: count}, () => {
    drawn = (Math.imul(drawn, 1664525) + 1013904223) >>> 0;
    return 3 + drawn % (vocabulary - 3);
});

const seconds = (since) => (performance.now() - since) / 1000;

async function unload() {
    await context?.dispose();
    await model?.dispose();
    [model, context, sequences] = [undefined, undefined, []];
}

/** Generates on one sequence; answers when the first token came and goes on with `step`. */
async function* generate(sequence, prompt) {
    await sequence.clearHistory();
    yield* sequence.evaluate(prompt, greedy);
}

const commands = {
    info: () => ({
        version: `node-llama-cpp ${JSON.parse(readFileSync("node_modules/node-llama-cpp/package.json")).version} (llama.cpp ${llama.llamaCppRelease.release}, ${llama.buildType})`,
        instructions: llama.systemInfo.trim(),
        threads: llama.maxThreads,
    }),

    /** Seconds from the call for a model to a context that is ready. */
    load: async ({path, contextSize, count}) => {
        await unload();
        const start = performance.now();
        model = await llama.loadModel({modelPath: path});
        context = await model.createContext({contextSize, batchSize: 512, sequences: count, threads: 2});
        const took = seconds(start);
        sequences = Array.from({length: count}, () => context.getSequence());
        return took;
    },

    /** Seconds from a fresh prompt to its first token. */
    prefill: async ({tokens, vocabulary}) => {
        const prompt = freshTokens(tokens, vocabulary);
        const stream = generate(sequences[0], prompt);
        const start = performance.now();
        await stream.next();
        const took = seconds(start);
        await stream.return();
        return took;
    },

    /** Seconds that all sequences together take from their first tokens to `tokens` more each. */
    decode: async ({prompt, tokens, vocabulary}) => {
        const streams = sequences.map((sequence) => generate(sequence, freshTokens(prompt, vocabulary)));
        await Promise.all(streams.map((stream) => stream.next()));
        const start = performance.now();
        await Promise.all(streams.map(async (stream) => {
            for (let i = 0; i < tokens; i++) await stream.next();
        }));
        const took = seconds(start);
        await Promise.all(streams.map((stream) => stream.return()));
        return took;
    },

    /** Resident bytes of the process, and what the context's keys and values take at most (f16). */
    memory: ({bytesPerPosition}) => ({
        resident: 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]),
        cache: context.getAllocatedContextSize() * bytesPerPosition,
    }),
};

for await (const line of createInterface({input: process.stdin})) {
    const command = JSON.parse(line);
    process.stdout.write(JSON.stringify(await commands[command.verb](command)) + "\n");
}
await unload();
process.exit(0);
