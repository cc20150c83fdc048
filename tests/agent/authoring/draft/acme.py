"""A device nobody knows, and its MIB: what the drafting tests start from."""

MIB = """\
ACME-MIB DEFINITIONS ::= BEGIN
IMPORTS
    enterprises, OBJECT-TYPE, Integer32, Gauge32, MODULE-IDENTITY FROM SNMPv2-SMI
    DisplayString, TEXTUAL-CONVENTION, TruthValue FROM SNMPv2-TC;

acme MODULE-IDENTITY
    LAST-UPDATED "202601010000Z"
    ORGANIZATION "Acme"
    CONTACT-INFO "none"
    DESCRIPTION "A PDU."
    ::= { enterprises 99 }

Hundredths ::= TEXTUAL-CONVENTION
    DISPLAY-HINT "d-2"
    STATUS current
    DESCRIPTION "Fixed point."
    SYNTAX Integer32

acmeModel OBJECT-TYPE
    SYNTAX DisplayString MAX-ACCESS read-only STATUS current
    DESCRIPTION "Model." ::= { acme 1 }
acmeSerialNumber OBJECT-TYPE
    SYNTAX DisplayString MAX-ACCESS read-only STATUS current
    DESCRIPTION "Serial." ::= { acme 2 }
acmeInputFrequency OBJECT-TYPE
    SYNTAX Hundredths MAX-ACCESS read-only STATUS current
    DESCRIPTION "Mains frequency in hertz." ::= { acme 3 }
acmeHealth OBJECT-TYPE
    SYNTAX INTEGER { ok(1), inTrouble(2) } MAX-ACCESS read-only STATUS current
    DESCRIPTION "How it is." ::= { acme 4 }
acmeBuzzer OBJECT-TYPE
    SYNTAX TruthValue MAX-ACCESS read-write STATUS current
    DESCRIPTION "Noise." ::= { acme 5 }

acmeOutletTable OBJECT-TYPE
    SYNTAX SEQUENCE OF AcmeOutletEntry MAX-ACCESS not-accessible STATUS current
    DESCRIPTION "Outlets." ::= { acme 10 }
acmeOutletEntry OBJECT-TYPE
    SYNTAX AcmeOutletEntry MAX-ACCESS not-accessible STATUS current
    DESCRIPTION "One." INDEX { acmeUnitIndex, acmeOutletIndex } ::= { acmeOutletTable 1 }
AcmeOutletEntry ::= SEQUENCE { acmeUnitIndex Integer32, acmeOutletIndex Integer32 }
acmeUnitIndex OBJECT-TYPE
    SYNTAX Integer32 MAX-ACCESS not-accessible STATUS current
    DESCRIPTION "Unit." ::= { acmeOutletEntry 1 }
acmeOutletIndex OBJECT-TYPE
    SYNTAX Integer32 MAX-ACCESS not-accessible STATUS current
    DESCRIPTION "Outlet." ::= { acmeOutletEntry 2 }
acmeOutletName OBJECT-TYPE
    SYNTAX DisplayString MAX-ACCESS read-write STATUS current
    DESCRIPTION "Name." ::= { acmeOutletEntry 3 }
acmeOutletCurrent OBJECT-TYPE
    SYNTAX Gauge32 UNITS "0.1 Amps" MAX-ACCESS read-only STATUS current
    DESCRIPTION "Current." ::= { acmeOutletEntry 4 }
acmeOutletState OBJECT-TYPE
    SYNTAX INTEGER { off(0), on(1) } MAX-ACCESS read-only STATUS current
    DESCRIPTION "State." ::= { acmeOutletEntry 5 }
acmeOutletVoltage OBJECT-TYPE
    SYNTAX Gauge32 MAX-ACCESS read-only STATUS current
    DESCRIPTION "Voltage." ::= { acmeOutletEntry 6 }
acmeOutletUpperThreshold OBJECT-TYPE
    SYNTAX Gauge32 UNITS "Amps" MAX-ACCESS read-only STATUS current
    DESCRIPTION "Alarm." ::= { acmeOutletEntry 7 }
acmeOutletVoltageL2 OBJECT-TYPE
    SYNTAX Gauge32 UNITS "Volts" MAX-ACCESS read-only STATUS current
    DESCRIPTION "Second voltage." ::= { acmeOutletEntry 8 }

acmeProbeTable OBJECT-TYPE
    SYNTAX SEQUENCE OF AcmeProbeEntry MAX-ACCESS not-accessible STATUS current
    DESCRIPTION "Probes." ::= { acme 11 }
acmeProbeEntry OBJECT-TYPE
    SYNTAX AcmeProbeEntry MAX-ACCESS not-accessible STATUS current
    DESCRIPTION "One." INDEX { acmeProbeKey } ::= { acmeProbeTable 1 }
AcmeProbeEntry ::= SEQUENCE { acmeProbeKey DisplayString }
acmeProbeKey OBJECT-TYPE
    SYNTAX DisplayString MAX-ACCESS not-accessible STATUS current
    DESCRIPTION "Key." ::= { acmeProbeEntry 1 }
acmeProbeTemperature OBJECT-TYPE
    SYNTAX Integer32 UNITS "degrees C or F" MAX-ACCESS read-only STATUS current
    DESCRIPTION "Celsius or Fahrenheit as set." ::= { acmeProbeEntry 2 }

acmeExtraTable OBJECT-TYPE
    SYNTAX SEQUENCE OF AcmeExtraEntry MAX-ACCESS not-accessible STATUS current
    DESCRIPTION "More of outlets." ::= { acme 12 }
acmeExtraEntry OBJECT-TYPE
    SYNTAX AcmeExtraEntry MAX-ACCESS not-accessible STATUS current
    DESCRIPTION "One." AUGMENTS { acmeOutletEntry } ::= { acmeExtraTable 1 }
AcmeExtraEntry ::= SEQUENCE { acmeOutletEnergy Gauge32 }
acmeOutletEnergy OBJECT-TYPE
    SYNTAX Gauge32 UNITS "Wh" MAX-ACCESS read-only STATUS current
    DESCRIPTION "Energy." ::= { acmeExtraEntry 1 }

acmeLost OBJECT-TYPE
    SYNTAX Integer32 MAX-ACCESS read-only STATUS current
    DESCRIPTION "Below what no file defines." ::= { somewhereElse 1 }
END
"""

_VENDOR = "1.3.6.1.4.1.99"

RECORDING = f"""\
1.3.6.1.2.1.1.1.0|4|Acme PDU v2 (don't panic)
1.3.6.1.2.1.1.2.0|6|{_VENDOR}
1.3.6.1.2.1.1.3.0|67|12345
{_VENDOR}.1.0|4|BX-1
{_VENDOR}.2.0|4|<private>
{_VENDOR}.3.0|2|4998
{_VENDOR}.4.0|2|1
{_VENDOR}.5.0|2|2
{_VENDOR}.10.1.3.1.1|4|router
{_VENDOR}.10.1.3.1.2|4|switch
{_VENDOR}.10.1.4.1.1|66|12
{_VENDOR}.10.1.4.1.2|66|65535
{_VENDOR}.10.1.5.1.1|2|1
{_VENDOR}.10.1.5.1.2|2|0
{_VENDOR}.10.1.6.1.1|66|2301
{_VENDOR}.10.1.6.1.2|66|2299
{_VENDOR}.10.1.7.1.1|66|16
{_VENDOR}.10.1.7.1.2|66|16
{_VENDOR}.10.1.8.1.1|66|231
{_VENDOR}.10.1.8.1.2|66|230
{_VENDOR}.11.1.2.1.97|2|21
{_VENDOR}.11.1.2.2.98.99|2|22
{_VENDOR}.12.1.1.1.1|66|5000
{_VENDOR}.12.1.1.1.2|66|6000
{_VENDOR}.77.1.1.1|2|5
{_VENDOR}.77.1.1.2|2|6
{_VENDOR}.77.1.2.1|4|five
{_VENDOR}.77.1.2.2|4|six
{_VENDOR}.78.4.2|2|9
"""
