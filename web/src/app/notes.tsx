import { Notifications } from "@mantine/notifications";
import "@mantine/notifications/styles.css";

/** Where short notes appear; loaded after the page, which does not wait for it. */
export default function Notes() {
  return <Notifications position="bottom-right" limit={4} />;
}
