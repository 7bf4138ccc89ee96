import KerasGraph
