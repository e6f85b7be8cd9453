// Writes src/schema from docs/openapi, one module for each document; with --check it only compares.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapi, { astToString } from "openapi-typescript";

const documents = new URL("../../docs/openapi/", import.meta.url);
const schemas = new URL("src/schema/", import.meta.url);
const banner = "// Generated from docs/openapi by `make client`. Do not edit.\n\n";
const options = { defaultNonNullable: false }; // what has a default may be left out of a request
let stale = 0;

for (const service of ["gateway", "billing", "generation", "notifier"]) {
  const wanted = banner + astToString(await openapi(new URL(`${service}.json`, documents), options));
  const target = new URL(`${service}.ts`, schemas);
  if (!process.argv.includes("--check")) {
    await writeFile(target, wanted);
  } else if ((await readFile(target, "utf8").catch(() => "")) !== wanted) {
    console.error(`${fileURLToPath(target)} is not what docs/openapi says; run \`make client\``);
    stale += 1;
  }
}
process.exit(stale ? 1 : 0);
