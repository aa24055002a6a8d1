import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { channelOf } from "@/testing/operated";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { ChannelStep } from "./channel-step";

const DIALECT = {
  name: "tide",
  title: "Tide's own.",
  base_path: "/v1",
  needs_address: true,
  checked: "2026-11-01",
  tried: "real",
  models: [{ name: "tide-1", title: "Tide", sunset: null }],
  settings: null,
  starts: [],
};

test("an account is connected during the first run, tried without paying, and can be mended", async () => {
  const carried: string[] = [];
  const refused = { key: "main", reached: true, auth: "refused", status: 401, trouble: "Wrong key.", models: null };
  const { asked } = serve(({ method, path }) => {
    if (path === "/api/admin/dialects") return { body: { data: [DIALECT], object: "list" } };
    if (path.endsWith("/test"))
      return { body: { works: false, clip: null, report: { channel: "Tide", keys: [refused], missing: [], sealed: [] } } };
    return method === "GET" ? undefined : { body: channelOf({ id: "chan_7", name: "Tide", dialect: "tide" }) };
  });
  show(() => <ChannelStep onBack={() => carried.push("back")} onDone={() => carried.push("done")} />);

  await userEvent.click(await screen.findByRole("combobox", { name: /Way of speaking/ }));
  await userEvent.click(await screen.findByText("tide"));
  await userEvent.type(screen.getByLabelText(/^Name/), "Tide");
  await userEvent.type(screen.getByLabelText(/^Address/), "https://tide.example/v1");
  await userEvent.click(screen.getByRole("button", { name: "Connect and try it" }));

  expect(await screen.findByText("It does not work as it is.")).toBeTruthy();
  expect(screen.getByText(/Wrong key/)).toBeTruthy();
  expect(asked).toContain("POST /api/admin/channels");
  expect(asked).toContain("POST /api/admin/channels/chan_7/test");
  await userEvent.click(screen.getByRole("button", { name: "Change" }));
  expect((await screen.findByLabelText<HTMLInputElement>(/^Name/)).value).toBe("Tide");
  await userEvent.click(screen.getByRole("button", { name: "Back" }));
  expect(carried).toEqual(["back"]);
});
