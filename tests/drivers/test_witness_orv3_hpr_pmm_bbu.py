"""Power monitor module of a shelf of batteries: its published map has the supplies' registers."""

from tests.drivers.test_witness_orv3_hpr_pmm_psu import TestSupplies as Supplies


class TestBatteries(Supplies):
    """The same registers, of the module of a battery shelf."""

    profile = "orv3-hpr-pmm-bbu"
