/**
 * What the portal's code is checked for, beside its types (`svelte-check`) and its layout (`prettier`).
 */
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import svelte from "eslint-plugin-svelte";
import typescript from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

/** What the portal names itself; of members of objects only those that its types declare. */
const NAMES = [
  { selector: "default", format: ["camelCase"], leadingUnderscore: "allow" },
  { selector: "variable", format: ["camelCase", "UPPER_CASE"], leadingUnderscore: "allow" },
  { selector: "typeLike", format: ["PascalCase"] },
  { selector: "import", format: null }, // Components have PascalCase, constants UPPER_CASE.
  { selector: ["variable", "parameter"], modifiers: ["destructured"], format: null }, // Named where it comes from.
  { selector: "objectLiteralProperty", format: null }, // The type that is made, or a table's keys.
  { selector: "classProperty", modifiers: ["static", "readonly"], format: ["camelCase", "UPPER_CASE"] },
];

export default defineConfig(
  js.configs.recommended,
  typescript.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.json", "./tsconfig.node.json"],
        extraFileExtensions: [".svelte"],
      },
    },
    rules: {
      "no-undef": "off", // TypeScript knows every name, and the browser's too.
      "no-control-regex": "off", // Terminals' colours and NUL are what some texts here are searched for.
      "@typescript-eslint/no-base-to-string": "off", // Objects that are written as text know theirs: `LongNumber`.
      "@typescript-eslint/naming-convention": ["error", ...NAMES],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: typescript.parser, svelteConfig } },
    rules: {
      "svelte/prefer-svelte-reactivity": "off", // Sets and maps here are replaced as wholes, or seen by nobody.
      "svelte/require-store-reactive-access": "off", // There are no stores; looking for them takes a while.
    },
  },
  {
    // Here the types of other components are `any`; `svelte-check` knows them, and finds the same.
    files: ["**/*.svelte"],
    rules: {
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    // Of the server: its names, as they are on the wire.
    files: ["**/shapes.ts", "**/shapes/*.ts", "src/api/answers.ts"],
    rules: {
      "@typescript-eslint/naming-convention": [
        "error",
        ...NAMES,
        { selector: "typeProperty", format: ["snake_case"] },
      ],
    },
  },
  {
    files: ["**/*.test.ts"],
    rules: {
      "@typescript-eslint/require-await": "off", // A stand-in is async because what it stands for is.
    },
  },
  {
    files: ["**/*.js"],
    extends: [typescript.configs.disableTypeChecked], // They are part of no TypeScript project.
    rules: { "@typescript-eslint/naming-convention": "off" }, // It asks for types.
  },
);
