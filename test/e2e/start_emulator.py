"""Starts the emulator as the start script given by the launcher (run.sh writes it) does, with what the emulator lacks for
our stack: DeletionPolicy. MiniStack 1.4.21 deletes every resource of a deleted stack, also those that a template retains.
"""
import importlib
import inspect
import runpy


def retain_what_the_template_retains():
    stacks = importlib.import_module("ministack.services.cloudformation.stacks")
    if "DeletionPolicy" in inspect.getsource(stacks):
        return
    cloudformation = importlib.import_module("ministack.services.cloudformation")
    delete = stacks._delete_resource

    def delete_unless_retained(kind, physical_id, props, stack_name=None, logical_id=None):
        stack = cloudformation._stacks.get(stack_name) or {}
        definition = stack.get("_template", {}).get("Resources", {}).get(logical_id, {})
        if stack.get("StackStatus") == "DELETE_IN_PROGRESS" and definition.get("DeletionPolicy", "").startswith("Retain"):
            print(f"retained {kind} {logical_id}", flush=True)
            return
        delete(kind, physical_id, props, stack_name, logical_id)

    stacks._delete_resource = delete_unless_retained


def start(script):
    retain_what_the_template_retains()
    runpy.run_path(script, run_name="__main__")
