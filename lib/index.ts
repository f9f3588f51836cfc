/** The constructs that others import, and every type that their signatures name. `KeyguardStack` is all of them put together. */
export { KeyguardStack } from './keyguard-stack.ts';
export type { KeyguardStackProps } from './keyguard-stack.ts';
export { loadConfiguration, parseConfiguration, ConfigurationError } from './config/load.ts';
export type { LoadedConfiguration, LoadOptions } from './config/load.ts';
export type { Position } from './config/json.ts';
export type { Problem } from './config/problem.ts';
export type { AdminAccessConfiguration, Configuration, ManagedKeyConfiguration, ManagedKeyInput } from './config/schema.ts';
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
export { Heartbeat } from './heartbeat.ts';
export type { HeartbeatProps } from './heartbeat.ts';
export { Incidents } from './incidents.ts';
export type { IncidentsProps } from './incidents.ts';
export { Dashboard } from './dashboard.ts';
export type { DashboardProps } from './dashboard.ts';
// Parts of an installation: it makes them, and others hold them.
export { AppFunction } from './app-function.ts';
export type { AppFunctionCommons, AppFunctionProps, FunctionVariables } from './app-function.ts';
export type { AdminAccess, AdminAccessProps } from './admin-access.ts';
export type { AlarmTopic, AlarmTopicProps } from './alarm-topic.ts';
export type { AlertTopic, AlertTopicProps } from './alert-topic.ts';
export type { EmptySecret, EmptySecretProps } from './empty-secret.ts';
export type { GuardedSecret, GuardedSecretProps } from './guarded-secret.ts';
export type { ItemAction, StateTable, StateTableProps } from './state-table.ts';
// Words that they share with what runs.
export type { AdminAccess as AdminAccessDefinition, VariableName } from '../contract/environment.ts';
export type { ChannelKind, FunctionName, PostedChannel, StrategyKind } from '../contract/registry.ts';
export type { HeartbeatDefinition } from '../contract/heartbeat.ts';
export type { UsageMetric } from '../contract/metrics.ts';
export type { ContainmentPolicy, Definitions, ExpectedUsagePlan, ManagedKeyPolicy, RotationPolicy } from '../contract/policy.ts';
