"""Commands about commissioning: runs, generations, evidence, build sheets."""
