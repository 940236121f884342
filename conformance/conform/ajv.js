// Reads {"pattern", "texts"} line by line, and answers each with what Ajv says:
// {"matches"} for each text, or {"error"}.
"use strict";
const Ajv = require("ajv/dist/2020");
const ajv = new Ajv();
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { pattern, texts } = JSON.parse(line);
  let answer;
  try {
    const validate = ajv.compile({ type: "string", pattern });
    answer = { matches: texts.map((text) => validate(text)) };
  } catch (error) {
    answer = { error: String(error.message) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
