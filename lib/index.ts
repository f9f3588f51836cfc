/** The constructs that others import. `KeyguardStack` is all of them put together. */
export { KeyguardStack } from './keyguard-stack.ts';
export type { KeyguardStackProps } from './keyguard-stack.ts';
export { loadConfiguration, parseConfiguration, ConfigurationError } from './config/load.ts';
export type { Configuration, ManagedKeyInput } from './config/schema.ts';
export { Installation } from './installation.ts';
export type { InstallationProps } from './installation.ts';
export { ManagedKey } from './managed-key.ts';
export type { ManagedKeyProps } from './managed-key.ts';
export { Rotation } from './rotation.ts';
export type { RotationProps } from './rotation.ts';
export { Usage } from './usage.ts';
export type { UsageProps } from './usage.ts';
export { Detection } from './detection.ts';
export type { DetectionProps } from './detection.ts';
export { Incidents } from './incidents.ts';
export type { IncidentsProps } from './incidents.ts';
export { Dashboard } from './dashboard.ts';
export type { DashboardProps } from './dashboard.ts';
