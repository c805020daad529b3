/** The user's settings, and what of them goes to the server. */

export const SECTION = "iquest";

/** As much of `WorkspaceConfiguration.inspect` as is needed. */
export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

/** The names of the server's own settings, from the manifest: `iquest.name`; names with a dot are the extension's. */
export function serverSettingNames(manifest: unknown): string[] {
  const properties = (manifest as { contributes: { configuration: { properties: Record<string, unknown> } } })
    .contributes.configuration.properties;
  return Object.keys(properties)
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

/** The list with `item` in it if it was not, without it if it was. */
export function toggled(items: readonly string[], item: string): string[] {
  return items.includes(item) ? items.filter((other) => other !== item) : [...items, item];
}
