"""What a Keras model says of itself, compared with the network's layers without building anything from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from szfast.errors import NetworkError
from szfast.networks.layers import CONVOLUTIONS, DENSE, MAP_SIDE, Layer

_REMEDY = "give a model built by szfast.networks.vgg."


def check_layers(config: Any, file: Path | None = None) -> list[Mapping[str, Any]]:
    """Compare a Sequential model's configuration with the network's.

    Parameters
    ----------
    config : dict
        What Keras's ``get_config`` gives, or the ``config`` of a .keras file.
    file : Path, optional
        The file, for the error.

    Returns
    -------
    list of dict
        The layers' settings, in order.

    Raises
    ------
    NetworkError
        If a layer is missing, of another kind, or set otherwise.
    """
    layers = config.get("layers") if isinstance(config, Mapping) else None
    kinds = [_kind(layer) for layer in layers] if isinstance(layers, list | tuple) else []
    expected = _expected()
    if kinds != [kind for kind, _ in expected]:
        raise NetworkError(
            f"expected the layers {', '.join(kind for kind, _ in expected)}, found {', '.join(kinds) or 'none'}.",
            file=file,
            field="layers",
            remedy=_REMEDY,
        )
    settings = [layer["config"] for layer in layers or ()]
    for number, ((kind, wanted), found) in enumerate(zip(expected, settings, strict=True)):
        for name, value in wanted.items():
            if _plain(found.get(name)) != value:
                raise NetworkError(
                    f"expected {name}={value}, found {found.get(name)!r:.60}.",
                    file=file,
                    field=f"layer {number} ({kind})",
                    remedy=_REMEDY,
                )
    return settings


def scalings(settings: list[Mapping[str, Any]], file: Path | None = None) -> dict[str, float]:
    """Turn the two Rescaling layers into input mean and standard deviation, target offset and scale.

    Raises
    ------
    NetworkError
        If they are not finite numbers, or a scale is not positive.
    """
    in_scale, in_offset = _numbers(settings[1], file)
    out_scale, out_offset = _numbers(settings[-1], file)
    return {
        "input_mean": -in_offset / in_scale,
        "input_std": 1 / in_scale,
        "target_offset": out_offset,
        "target_scale": out_scale,
    }


def _numbers(rescaling: Mapping[str, Any], file: Path | None) -> tuple[float, float]:
    scale: Any = rescaling.get("scale")
    offset: Any = rescaling.get("offset")
    numeric = isinstance(scale, int | float) and isinstance(offset, int | float)
    if numeric and 0 < scale < math.inf and math.isfinite(offset):
        return float(scale), float(offset)
    raise NetworkError(
        f"expected a positive scale and a finite offset, found {scale!r:.60} and {offset!r:.60}.",
        file=file,
        field="Rescaling",
        remedy=_REMEDY,
    )


def _expected() -> list[tuple[str, dict[str, Any]]]:
    pooling = ("MaxPooling2D", {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"})
    dropout: tuple[str, dict[str, Any]] = ("Dropout", {})
    convolutions = [step for layer in CONVOLUTIONS for step in (("Conv2D", _convolution(layer)), pooling)]
    dense = [("Dense", _dense(layer)) for layer in DENSE]
    return [
        ("InputLayer", {"batch_shape": [None, MAP_SIDE, MAP_SIDE, 1]}),
        ("Rescaling", {}),
        *convolutions,
        ("GlobalAveragePooling2D", {}),
        dropout,
        dense[0],
        dropout,
        *dense[1:],
        ("Rescaling", {}),
    ]


def _convolution(layer: Layer) -> dict[str, Any]:
    rows, columns, _, outputs = layer.kernel_shape
    return {
        "filters": outputs,
        "kernel_size": [rows, columns],
        "strides": [1, 1],
        "padding": "valid",
        "data_format": "channels_last",
        "dilation_rate": [1, 1],
        "groups": 1,
        "activation": layer.activation,
        "use_bias": True,
    }


def _dense(layer: Layer) -> dict[str, Any]:
    return {"units": layer.kernel_shape[-1], "activation": layer.activation, "use_bias": True}


def _kind(layer: Any) -> str:
    if not isinstance(layer, Mapping) or not isinstance(layer.get("config"), Mapping):
        return "nothing"
    if layer.get("module") != "keras.layers" or layer.get("registered_name") is not None:
        return f"{layer.get('module')}.{layer.get('class_name')}"[:60]
    return str(layer.get("class_name"))[:60]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
