/** Every text of the English catalogue, none less: a missing one fails the type check. */
export type Same<T> = T extends string ? string : { [K in keyof T]: Same<T[K]> };
