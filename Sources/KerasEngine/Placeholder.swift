import KerasCore
