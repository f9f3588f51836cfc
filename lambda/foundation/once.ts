/** Makes `make` run at the first call only, so that importing a handler's file asks nothing of the environment. */
export function onFirstCall<A extends readonly unknown[], R>(make: () => (...args: A) => R): (...args: A) => R {
  let made: ((...args: A) => R) | undefined;
  return (...args) => (made ??= make())(...args);
}
