"""Carlo Gavazzi EM24 with RS485: the same but for eight words, which stand further on."""

from tests.drivers.test_witness_carlogavazzi_em24 import TestEthernet as Ethernet


class TestSerial(Ethernet):
    """Typed by hand from the table of the model with RS485."""

    profile = "carlogavazzi-em24-is"
    energy = 62
    elsewhere = (
        (50, 0xFC36),
        (53, 985),
        (54, 0xFFFF),
        (55, 501),
        (62, 0xE240),
        (63, 1),
        (70, 100),
        (92, 5),
    )
