"""Starts the emulator as the start script given by the launcher (run.sh writes it) does, with what the two lack for our tests:
DeletionPolicy (MiniStack 1.4.21 deletes every resource of a deleted stack, also those that a template retains), and what
RotateSecret promises: an incomplete rotation is reattempted, and the same ClientRequestToken begins no second one.
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


def keep_the_promises_of_rotate_secret():
    """As soon as the start script has put its own RotateSecret in place."""
    secrets = importlib.import_module("ministack.services.secretsmanager")
    responses = importlib.import_module("ministack.core.responses")
    stub = secrets._rotate_secret
    while secrets._rotate_secret is stub:
        time.sleep(0.05)
    rotate = secrets._rotate_secret
    script = rotate.__globals__
    running = set()
    run_steps = script["run_steps"]

    def run_once(secret, token, *steps):
        running.add(token)
        try:
            return run_steps(secret, token, *steps)
        finally:
            running.discard(token)

    def rotate_once(data):
        _, secret = secrets._resolve(data.get("SecretId"))
        token = data.get("ClientRequestToken")
        known = secret["Versions"].get(token) if secret else None
        if known and (token in running or "AWSCURRENT" in known["Stages"]):
            return responses.json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})
        if known and known.get("SecretString") and "AWSPENDING" not in known["Stages"]:
            return script["error"]("InvalidRequestException", f"You can't use ClientRequestToken {token} because that value is already in use for a version of secret {secret['ARN']}.")
        pending, version = secrets._find_stage_version(secret, "AWSPENDING") if secret else (None, None)
        if pending and pending not in running and "AWSCURRENT" not in version["Stages"]:
            running.add(pending)

            def work():
                if run_once(secret, pending):
                    secret["LastRotatedDate"] = int(time.time())
                    script["schedule_next"](secret)

            threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
        return rotate(data)

    script["run_steps"] = run_once
    secrets._rotate_secret = rotate_once


def start(script):
    retain_what_the_template_retains()
    threading.Thread(target=keep_the_promises_of_rotate_secret, daemon=True).start()
    runpy.run_path(script, run_name="__main__")
