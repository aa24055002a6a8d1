import { createTheme, defaultVariantColorsResolver, type MantineColorsTuple, type VariantColorsResolver } from "@mantine/core";

/** The amber steps as tokens.css has them. */
const amber = Array.from({ length: 10 }, (_, n) => `var(--rg-amber-${n})`) as unknown as MantineColorsTuple;

const variants: VariantColorsResolver = (input) => {
  const plain = defaultVariantColorsResolver(input);
  const color = input.color ?? input.theme.primaryColor;
  if (color === "amber" && input.variant === "filled") {
    return {
      background: "var(--rg-accent)",
      hover: "var(--rg-accent-strong)",
      color: "var(--rg-on-accent)",
      border: "1px solid transparent",
    };
  }
  if (color === "red" && input.variant === "filled") {
    return { background: "var(--rg-bad-fill)", hover: "var(--rg-bad-fill)", color: "var(--rg-on-media)", border: "none" };
  }
  if (color === "red") {
    return { ...plain, color: "var(--rg-bad)", background: "transparent", hover: "var(--rg-bad-soft)" };
  }
  return plain;
};

export const theme = createTheme({
  primaryColor: "amber",
  colors: { amber },
  primaryShade: 5,
  variantColorResolver: variants,
  fontFamily: "var(--rg-font)",
  fontFamilyMonospace: "var(--rg-mono)",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "1.4", sm: "1.45", md: "1.5", lg: "1.5", xl: "1.4" },
  radius: { xs: "4px", sm: "6px", md: "8px", lg: "12px", xl: "16px" },
  defaultRadius: "md",
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  headings: {
    fontFamily: "var(--rg-font)",
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "28px" },
      h2: { fontSize: "16px", lineHeight: "24px" },
      h3: { fontSize: "14px", lineHeight: "20px" },
    },
  },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "sm" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 32 } },
    TextInput: { defaultProps: { size: "sm" } },
    Checkbox: { defaultProps: { radius: "xs" } },
    PasswordInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm", checkIconPosition: "right" } },
    Tooltip: {
      defaultProps: {
        withArrow: true,
        openDelay: 350,
        transitionProps: { duration: 100 },
        events: { hover: true, focus: true, touch: true },
      },
    },
    Menu: { defaultProps: { shadow: "none", transitionProps: { duration: 100 }, withInitialFocusPlaceholder: false } },
    Popover: { defaultProps: { shadow: "none", transitionProps: { duration: 100 } } },
  },
});
