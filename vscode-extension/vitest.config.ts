import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["test/**/*.test.ts"], pool: "threads", poolOptions: { threads: { singleThread: true } } },
  resolve: { alias: { vscode: fileURLToPath(new URL("test/fakes/vscode.ts", import.meta.url)) } },
});
