"""A file of small networks as a user might write it: one that works, one that dies, one that fails."""

NETS = '''
import multiprocessing
import os
import signal
import torch
from torch import nn
from finetrust import Preprocessing

class Net(nn.Module):
    """Dies where several images come at a time, once the file beside it says so."""
    def __init__(self, deadly):
        super().__init__()
        self.conv, self.fc, self.deadly = nn.Conv2d(3, 8, 5, 4), nn.Linear(8, 3), deadly
    def forward(self, images):
        if self.deadly and len(images) > 2:
            os._exit(7)
        return self.fc(self.conv(images).relu().mean((2, 3)))

PREPARED = Preprocessing(16, 16, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
def plain():
    torch.manual_seed(0)
    return Net(False), PREPARED
def deadly():
    if multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C reaches every process of a command
    torch.manual_seed(1)
    return Net(True), PREPARED
def broken():
    raise ValueError("no such luck")
'''
