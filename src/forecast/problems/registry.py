"""Word the problems of the ledger, the registry and promotion."""

from __future__ import annotations

from forecast.problems.entry import Entry

ENTRIES: dict[str, Entry] = {
    # The ledger
    "ledger-nobody": Entry(
        "The entry '{kind}' is by nobody.", "Say who does this (--by NAME): the ledger keeps it with the time."
    ),
    "ledger-broken": Entry(
        "{path} is broken at entry {n}: {detail}.",
        "Compare it with a copy or with a head that was kept elsewhere; nothing is appended until it is restored.",
    ),
    "ledger-unreadable": Entry("{path} cannot be read: {detail}.", "Check that you may read it."),
    "ledger-unwritable": Entry(
        "{path} cannot be written: {detail}. Nothing was recorded.", "Check that you may write there and the space."
    ),
    # Registry and promotion
    "registry-name": Entry(
        "'{name}' is no name for a line of models.",
        "Use small letters, digits, '-' and '_', beginning with a letter, at most 60 of them.",
    ),
    "registry-unknown": Entry("No model is registered under '{name}' in {path}.", "{hint}"),
    "registry-model-unknown": Entry("'{name}' has no model '{model}' in the registry.", "{hint}"),
    "registry-differs": Entry(
        "{path} holds another bundle with the same model id: its manifest differs.",
        "Keep the one that is registered; a model is registered once and never replaced.",
    ),
    "registry-changed": Entry(
        "{path} is not the bundle that was registered: its manifest has another sha256 than the ledger.",
        "Restore the folder from where it was kept; do not use it.",
    ),
    "registry-why": Entry("'{what}' has no reason.", "Say why (--why TEXT): the ledger keeps it."),
    "registry-who": Entry(
        "'{who}' names nobody, so that '{what}' would be by nobody.",
        "Give the name of the person who answers for it (--by NAME), such as A. Analyst: the ledger keeps it.",
    ),
    "registry-why-empty": Entry(
        "'{why}' is no reason for '{what}'.", "Say in a few words why (--why TEXT): it is read when somebody asks."
    ),
    "ledger-gone": Entry(
        "{path} does not name {folder}, which was registered: the ledger is gone, or an older or another one.",
        "Restore the ledger and its .head from where they are kept, and compare the head with the one in the minutes; "
        "a folder that was brought from elsewhere is moved out and registered anew.",
    ),
    "registration-changed": Entry(
        "{path} is not what was written when the model was registered: {detail}.",
        "Do not use this copy; take the registered one from the registry where the model was registered.",
    ),
    "registered-ledger": Entry(
        "The model {model} is registered, and whether it may be used cannot be looked up: {detail}.",
        "At a desk: decide without the forecast and tell whoever keeps the registry. They restore the ledger; "
        "forecast models list says whether it is whole.",
    ),
    "registry-expiry": Entry(
        "The expiry date {found} is not after {today} and at most {months} months from it.",
        "Choose an earlier date, or raise model_expiry_months in the settings and say why there.",
    ),
    "registry-store-down": Entry(
        "The tracking store at {uri} did not answer: {detail}. {state}.",
        "Start the store, or mend MLFLOW_TRACKING_URI, and give the same command again: {again}",
    ),
    "stage-unknown": Entry("There is no stage '{stage}'.", "Choose one of: {known}."),
    "stage-order": Entry("{name} {model}: the stage '{stage}' cannot be signed now: {detail}.", "Next is: {after}."),
    "stage-todo": Entry(
        "{path}: still to be filled in: {keys}.",
        "Write what is true in place of each TODO; a stage is signed only when its file says all of it.",
    ),
    "stage-shadow-short": Entry(
        "{name} {model}: scored unseen from {since} to {until}; at least {months} months are needed.",
        "Sign 'live' on or after {earliest}, with scores of the whole time.",
    ),
    "stage-shadow-scores": Entry(
        "{path}: the shadow scores {file} are not there.", "Name files that exist; their sha256 goes into the ledger."
    ),
    "stage-shadow-manifest": Entry(
        "{path}: {file} cannot count as shadow scores: {detail}.",
        "Name files as forecast score wrote them, each with its manifest beside it.",
    ),
    "stage-shadow-rows": Entry(
        "{path}: {rows} rows were scored in shadow, fewer than {least}.",
        "Name the files of the whole time; shadow_least_rows in the settings says how many rows it takes.",
    ),
    "stage-shadow-future": Entry(
        "{path}: shadow_until, {until}, has not come yet: it is {today}.", "Give the first day after the last scored."
    ),
    "stage-shadow-other": Entry(
        "{path}: {file} holds scores of the model {found}, not of {model}.", "Name the scores of this model."
    ),
    "stage-missing": Entry(
        "{path} does not exist.", "Write it first: forecast stage show {name} {model} {stage}; then fill it in."
    ),
    "compare-no-unseen": Entry(
        "{path}: none of {cases} cases is one that neither model was fitted on ({detail}).",
        "Give later cases, or train with a test period that both have not seen.",
    ),
    "compare-other-outcome": Entry(
        "{first} and {second} forecast different outcomes: {detail}.",
        "Compare models of one outcome definition; register the other under a name of its own.",
    ),
    "promotion-refused": Entry(
        "{name} {model} is not promoted. Checks that failed:\n{failed}.",
        "Mend these and compare again; the refusal is in the ledger.",
    ),
    "promotion-no-evidence": Entry(
        "{name} {model} has not been compared with what is live now ({champion}).",
        "Compare first: forecast models compare {name} {model} FILE.",
    ),
    "promotion-already-live": Entry("{name} {model} is live already.", "Nothing is to be done."),
    "rollback-nothing": Entry(
        "'{name}' has no earlier model to go back to.", "Promote another model, or sign the stage 'retired'."
    ),
    "model-expired": Entry(
        "The model {model} expired on {expires}, and its days of grace ended on {refused_from}: it is not used.",
        "Train and promote a newer one: forecast retrain EXPERIMENT.toml --name {name} --by NAME.",
    ),
    "retrain-split": Entry(
        "{path}: split = '{split}' leaves no cases that neither the challenger nor the champion has seen.",
        'Use split = "time" with test_from, or split = "flag".',
    ),
}
