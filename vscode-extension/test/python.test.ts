import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { offerOf } from "../src/server/carried";
import { PrivateEnvironment, pythonTag, suitablePython } from "../src/server/environment";
import { findServer, type Places } from "../src/server/launch";
import { type Run, runProgram, which } from "../src/server/programs";
import { question } from "../src/server/setup";

const nowhere: Places = { setting: [], onPath: async () => undefined, privateCommand: async () => undefined };

test("the setting comes first, then PATH, then the private environment", async () => {
  const all: Places = { setting: ["/x/server", "-v"], onPath: async () => "/usr/bin/iquest-lsp", privateCommand: async () => ["/p/python", "-m", "m"] };
  expect(await findServer(all)).toEqual({ command: "/x/server", args: ["-v"], origin: "setting" });
  expect(await findServer({ ...all, setting: [] })).toEqual({ command: "/usr/bin/iquest-lsp", args: [], origin: "path" });
  expect(await findServer({ ...all, setting: [], onPath: nowhere.onPath })).toEqual({
    command: "/p/python", args: ["-m", "m"], origin: "private",
  });
  expect(await findServer(nowhere)).toBeUndefined();
});

test("PATH is searched in its order, and only its absolute folders", async () => {
  const present = new Set(["/b/tool", "/c/tool", "./tool", "tool"]);
  const executable = async (file: string): Promise<boolean> => present.has(file);
  expect(await which(["tool"], ".:/a:/b:/c", executable)).toBe("/b/tool");
  expect(await which(["other", "tool"], "/c:/b", executable)).toBe("/c/tool");
  expect(await which(["tool"], ".:relative", executable)).toBeUndefined();
});

test("a program's output comes line by line, its failure with its last lines", async () => {
  const lines: string[] = [];
  await runProgram([process.execPath, "-e", "console.log('one\\ntwo'); console.error('three')"], (line) => lines.push(line));
  expect(lines.sort()).toEqual(["one", "three", "two"]);
  await expect(runProgram([process.execPath, "-e", "console.error('broken'); process.exit(3)"], () => undefined)).rejects.toThrow(/3.*broken/);
  await expect(runProgram(["/no/such/program"], () => undefined)).rejects.toThrow(/ENOENT/);
});

test("a program can be given up", async () => {
  const abort = new AbortController();
  const running = runProgram([process.execPath, "-e", "setTimeout(() => {}, 60000)"], () => undefined, abort.signal);
  abort.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
});

test("the first Python that is new enough is taken", async () => {
  const run: Run = async ([python]) => {
    if (python !== "python3.12") throw new Error("too old, or not there");
  };
  expect(await suitablePython(["python3", "python3.12", "python"], run)).toBe("python3.12");
  expect(await suitablePython(["python3"], run)).toBeUndefined();
});

/** An environment whose programs only note that they were run; installing what is called broken fails. */
async function scratch(): Promise<{ folder: string; steps: string[]; environment: PrivateEnvironment }> {
  const folder = path.join(await mkdtemp(path.join(tmpdir(), "iquest-")), "server");
  const steps: string[] = [];
  const run: Run = async (command, onLine) => {
    steps.push(command.slice(1).join(" "));
    onLine("some output");
    if (command.includes("venv")) await mkdir(command.at(-1) ?? "", { recursive: true });
    if (command.some((word) => word.includes("broken"))) throw new Error("pip ended with 1");
  };
  return { folder, steps, environment: new PrivateEnvironment(folder, run) };
}

const report = (): void => undefined;

test("an environment counts only when all steps worked, and only for what it was made from", async () => {
  const { folder, steps, environment } = await scratch();
  await expect(environment.create("python3", { install: "broken.tar.gz" }, report)).rejects.toThrow("pip ended");
  expect(await readdir(folder)).toEqual([]);
  expect(await environment.command("broken.tar.gz")).toBeUndefined();
  expect(await environment.newest()).toBeUndefined();

  steps.length = 0;
  await environment.create("python3", { install: "server-1.tar.gz" }, report);
  const [home = ""] = await readdir(folder);
  expect(steps).toEqual([
    `-m venv ${path.join(folder, home)}`,
    "-m pip install --disable-pip-version-check server-1.tar.gz",
    "-m iquest_lsp.cli --version",
  ]);
  expect(await environment.command("server-1.tar.gz")).toEqual([path.join(folder, home, "bin", "python"), "-m", "iquest_lsp.cli"]);
  expect(await environment.command("server-2.tar.gz")).toBeUndefined();
  await rm(path.join(folder, home, "iquest-lsp.installed"));
  expect(await environment.command("server-1.tar.gz")).toBeUndefined();
});

test("an older environment works until its successor does, and one older stays for those who still use it", async () => {
  const { folder, environment } = await scratch();
  await environment.create("python3", { install: "server-1.tar.gz" }, report);
  const first = await environment.command("server-1.tar.gz");
  await expect(environment.create("python3", { install: "broken-2.tar.gz" }, report)).rejects.toThrow("pip ended");
  expect(await environment.newest()).toEqual(first);
  for (const source of ["server-2.tar.gz", "server-3.tar.gz"]) {
    await new Promise((resolve) => setTimeout(resolve, 20)); // stamps are told apart by their time
    await environment.create("python3", { install: source }, report);
    expect(await environment.newest()).toEqual(await environment.command(source));
  }
  expect(await readdir(folder)).toHaveLength(2);
  expect(await environment.command("server-1.tar.gz")).toBeUndefined();
});

test("an archive that changes under its name is another server", async () => {
  const { folder, environment } = await scratch();
  const archive = path.join(path.dirname(folder), "server.tar.gz");
  await writeFile(archive, "one", "utf8");
  await environment.create("python3", { install: archive }, report);
  expect(await environment.command(archive)).toBeDefined();
  await writeFile(archive, "two", "utf8");
  expect(await environment.command(archive)).toBeUndefined();
});

/** An extension's folder with these files in its server/. */
async function extension(...files: string[]): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "iquest-"));
  for (const file of files.map((name) => path.join(folder, "server", name))) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, "");
  }
  return folder;
}

const WHEEL = "iquest_lsp-1.0-py3-none-manylinux_2_28_x86_64.whl";
const PIP = "wheels/pip-25.0-py3-none-any.whl";

test("a wheel that the extension carries with all that it needs is installed without the network and without ensurepip", async () => {
  const carrier = await extension(WHEEL, PIP, "wheels/click-8.2-py3-none-any.whl", "wheels/cp312/numpy-2.0-cp312-cp312-manylinux_2_28_x86_64.whl");
  const { source, origin } = offerOf(carrier, "", "cp312");
  const [wheel, every] = [path.join(carrier, "server", WHEEL), path.join(carrier, "server", "wheels")];
  expect({ source, origin }).toEqual({ source: { install: wheel, carried: [every, path.join(every, "cp312")] }, origin: "wheel" });

  const { folder, steps, environment } = await scratch();
  await environment.create("python3", source, report);
  const [home = ""] = await readdir(folder);
  expect(steps).toEqual([
    `-m venv --without-pip ${path.join(folder, home)}`,
    `-I ${path.join(carrier, "server", PIP, "pip")} --isolated install --no-compile --disable-pip-version-check --no-index --find-links ${every} --find-links ${path.join(every, "cp312")} ${wheel}`,
    "-m iquest_lsp.cli --version",
  ]);
  expect(await environment.command(wheel)).toBeDefined();
});

test("what is carried for one Python is not taken for another", async () => {
  const carrier = await extension(WHEEL, PIP, "wheels/cp312/numpy-2.0-cp312-cp312-manylinux_2_28_x86_64.whl");
  for (const tag of ["cp311", "cp312t", undefined]) {
    expect(offerOf(carrier, "", tag)).toEqual({ source: { install: path.join(carrier, "server", WHEEL) }, origin: "wheel" });
  }
});

test("without a wheel the archive is built, and a setting comes before both", async () => {
  const archive = await extension("iquest-lsp-1.0.tar.gz");
  expect(offerOf(archive, "", "cp312")).toEqual({ source: { install: path.join(archive, "server", "iquest-lsp-1.0.tar.gz") }, origin: "archive" });
  expect(offerOf(await extension(WHEEL), "/mine.whl", "cp312")).toEqual({ source: { install: "/mine.whl" }, origin: "setting" });
  expect(offerOf(await extension(), "", "cp312")).toEqual({ source: { install: "iquest-lsp" }, origin: "index" });
});

test("the question says what is put where, what is fetched and what is compiled", () => {
  const offers = {
    carried: question({ source: { install: "/x/s.whl", carried: ["/x"] }, origin: "wheel" }, "/home/ann/server"),
    wheel: question({ source: { install: "/x/s.whl" }, origin: "wheel" }, "/home/ann/server"),
    archive: question({ source: { install: "/x/s.tar.gz" }, origin: "archive" }, "/home/ann/server"),
    index: question({ source: { install: "iquest-lsp" }, origin: "index" }, "/home/ann/server"),
    setting: question({ source: { install: "/mine.whl" }, origin: "setting" }, "/home/ann/server"),
  };
  for (const text of Object.values(offers)) {
    expect(text).toContain("/home/ann/server");
    expect(text).toContain("nothing else on this machine changes");
  }
  const says = (words: string): string[] => Object.entries(offers).filter(([, text]) => text.includes(words)).map(([name]) => name);
  expect(says("nothing is fetched")).toEqual(["carried"]);
  expect(says("this extension carries")).toEqual(["carried", "wheel"]);
  expect(says("fetched from the package index")).toEqual(["wheel", "archive", "index", "setting"]);
  expect(says("compiled")).toEqual(["archive", "index"]);
  expect(offers.setting).toContain("/mine.whl");
});

test("a Python says its tag in the names of wheels", async () => {
  const run: Run = async ([python], onLine) => {
    if (python !== "python3") throw new Error("not there");
    onLine("cp312");
  };
  expect(await pythonTag("python3", run)).toBe("cp312");
  expect(await pythonTag("python4", run)).toBeUndefined();
  expect(await pythonTag("python3", runProgram)).toMatch(/^cp3\d\d?t?$/);
});
