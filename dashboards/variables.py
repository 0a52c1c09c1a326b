"""What the reader of a dashboard chooses."""

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The data source of everything: a variable, since no name of one is known beforehand."""

_SHOWN_FIRST = ["refusal", "answer_length"]


def datasource() -> VariableModel:
    return DatasourceVariable("datasource").label("Data source").type("prometheus").build()


def namespace() -> VariableModel:
    return _several(_labels("namespace", "tidegauge_verdict", "Namespace"))


def models() -> VariableModel:
    """Any number of models."""
    return _several(_model("tidegauge_verdict"))


def one_model() -> VariableModel:
    return _model("tidegauge_verdict").build()


def one_probed_model() -> VariableModel:
    return _model("tidegauge_probe_state").build()


def signal() -> VariableModel:
    """Signals of the chosen model; some that every model has are there from the start."""
    series = 'tidegauge_signal_mean{namespace=~"$namespace", model=~"$model"}'
    first = VariableOption(selected=True, text=_SHOWN_FIRST, value=_SHOWN_FIRST)
    return _labels("signal", series, "Signal").multi(True).current(first).build()


def _model(series: str) -> QueryVariable:
    return _labels("model", f'{series}{{namespace=~"$namespace"}}', "Model")


def _several(variable: QueryVariable) -> VariableModel:
    every = VariableOption(selected=True, text="All", value="$__all")
    return variable.multi(True).include_all(True).all_value(".+").current(every).build()


def _labels(name: str, series: str, label: str) -> QueryVariable:
    """The values of the label `name` of a series, looked up anew when the time range changes."""
    return (
        QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(f"label_values({series}, {name})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
