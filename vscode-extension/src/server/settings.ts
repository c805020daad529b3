import * as vscode from "vscode";

/** The user's settings, and what of them goes to the server. */

export const SECTION = "iquest";

/** As much of `WorkspaceConfiguration.inspect` as is needed. */
export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

interface Described {
  readonly scope?: string;
}

/** The settings that the manifest describes, by their full names; they come in groups. */
export function settingsOf(manifest: unknown): Record<string, Described> {
  const { configuration } = (manifest as { contributes: { configuration: readonly { properties: Record<string, Described> }[] } }).contributes;
  return Object.assign({}, ...configuration.map((group) => group.properties)) as Record<string, Described>;
}

/** The names of the server's own settings, from the manifest: `iquest.name`; names with a dot are the extension's. */
export function serverSettingNames(manifest: unknown): string[] {
  return Object.keys(settingsOf(manifest))
    .map((key) => key.slice(SECTION.length + 1))
    .filter((name) => !name.includes("."));
}

/**
 * What to tell the server: only what the user set, so that `settings.toml` and `iquest.toml` keep counting for the
 * rest; null for what was told before and is not set any more.
 */
export function serverSettings(
  names: readonly string[],
  inspect: (name: string) => Inspected | undefined,
  told: ReadonlySet<string> = new Set(),
): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const name of names) {
    const found = inspect(name);
    const value = found?.workspaceFolderValue ?? found?.workspaceValue ?? found?.globalValue;
    if (value !== undefined) {
      settings[name] = value;
    } else if (told.has(name)) {
      settings[name] = null;
    }
  }
  return settings;
}

/** What the server is told of the settings, and was told before. */
export function settingsTold(manifest: unknown): { settings(): Record<string, unknown>; forget(): void } {
  const names = serverSettingNames(manifest);
  const told = new Set<string>();
  return {
    settings() {
      const folders = vscode.workspace.workspaceFolders ?? [];
      const inspect = (name: string): Inspected | undefined => {
        // One that a folder sets for itself is the extension's to follow: the server has one value for all folders.
        const split = folders.some((folder) => vscode.workspace.getConfiguration(SECTION, folder.uri).inspect(name)?.workspaceFolderValue !== undefined);
        return split && folders.length > 1 ? undefined : vscode.workspace.getConfiguration(SECTION, folders[0]?.uri).inspect(name);
      };
      const settings = serverSettings(names, inspect, told);
      Object.keys(settings).forEach((name) => told.add(name));
      return settings;
    },
    forget: () => told.clear(),
  };
}

/** The list with `item` in it if it was not, without it if it was. */
export function toggled(items: readonly string[], item: string): string[] {
  return items.includes(item) ? items.filter((other) => other !== item) : [...items, item];
}
