"""Starts the emulator as the start script given by the launcher (run.sh writes it) does, with what the two lack for our tests:
DeletionPolicy (MiniStack 1.4.21 deletes every resource of a deleted stack, also those that a template retains), and the
reattempt of an incomplete rotation, which RotateSecret promises.
"""
import contextvars
import importlib
import inspect
import runpy
import threading
import time


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


def reattempt_incomplete_rotations():
    """As soon as the start script has put its own RotateSecret in place."""
    secrets = importlib.import_module("ministack.services.secretsmanager")
    stub = secrets._rotate_secret
    while secrets._rotate_secret is stub:
        time.sleep(0.05)
    rotate = secrets._rotate_secret
    script = rotate.__globals__

    def rotate_or_reattempt(data):
        _, secret = secrets._resolve(data.get("SecretId"))
        pending, version = secrets._find_stage_version(secret, "AWSPENDING") if secret else (None, None)
        if pending and "AWSCURRENT" not in version["Stages"]:

            def work():
                if script["run_steps"](secret, pending):
                    secret["LastRotatedDate"] = int(time.time())
                    script["schedule_next"](secret)

            threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
        return rotate(data)

    secrets._rotate_secret = rotate_or_reattempt


def start(script):
    retain_what_the_template_retains()
    threading.Thread(target=reattempt_incomplete_rotations, daemon=True).start()
    runpy.run_path(script, run_name="__main__")
