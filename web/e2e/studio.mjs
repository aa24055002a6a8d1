// What several walks do in the studio, by the words a person sees.
import { fileURLToPath } from "node:url";

export const PICTURE = fileURLToPath(new URL("../public/mark-512.png", import.meta.url));

export const prompt = (page) => page.getByRole("textbox", { name: "Prompt", exact: true });

/** Goes to one of the pages by its name in the rail. */
export async function go(page, name) {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name, exact: true }).click();
}

/** Goes to one of the pages of those who look after the installation. */
export async function goAdmin(page, name) {
  await go(page, "Admin");
  await page.getByRole("navigation", { name: "Administration" }).getByRole("link", { name, exact: true }).click();
}

/** Waits until a clip is there and can be played. */
export async function playing(page) {
  await page.waitForFunction(() => document.querySelector("video")?.videoWidth > 0);
}

export const live = (page) => page.getByText("Live", { exact: true }).waitFor();

/** Chooses a model of Create by what it is called when it is asked for. */
export async function chooseModel(page, id) {
  await page.getByRole("button", { name: /^Model:/ }).click();
  const list = page.getByRole("dialog");
  await list.getByLabel("Name of a model or provider").fill(id);
  await list.getByRole("button").first().click();
}

/** Asks for a clip on Create; gives its tile. */
export async function generate(page, text) {
  await prompt(page).fill(text);
  await page.getByRole("button", { name: /^Generate/ }).click();
  return page.getByRole("article", { name: text }).first();
}
