"""finetrust: fine-tune a pretrained model on labelled data and prove how far it can be trusted."""

__version__ = "0.1.0"
