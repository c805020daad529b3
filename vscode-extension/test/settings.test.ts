import { expect, test } from "vitest";
import manifest from "../package.json";
import { type Inspected, serverSettingNames, serverSettings, toggled } from "../src/server/settings";

const inspect = (values: Record<string, Inspected & { defaultValue?: unknown }>) => (name: string): Inspected | undefined => values[name];

test("the server's settings come from the manifest, the extension's own stay here", () => {
  const names = serverSettingNames(manifest);
  expect(names).toContain("deadlineMs");
  expect(names).toContain("disabledLanguages");
  expect(names.filter((name) => name.startsWith("server"))).toEqual([]);
});

test("only what the user set is told, the innermost value", () => {
  const values = {
    enable: { defaultValue: true },
    maxTokens: { globalValue: 10, workspaceValue: 20, workspaceFolderValue: 30 },
    history: { globalValue: false },
  };
  expect(serverSettings(["enable", "maxTokens", "history", "model"], inspect(values))).toEqual({
    maxTokens: 30,
    history: false,
  });
});

test("what is not set any more is taken back", () => {
  const told = new Set(["maxTokens"]);
  expect(serverSettings(["maxTokens", "model"], inspect({}), told)).toEqual({ maxTokens: null });
});

test("toggling twice changes nothing", () => {
  expect(toggled(["a"], "b")).toEqual(["a", "b"]);
  expect(toggled(toggled(["a"], "b"), "b")).toEqual(["a"]);
});
