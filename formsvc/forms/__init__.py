"""A form as data: schema, layout, citations and rules."""

from formsvc.forms.form import Field, Form, Printed, RuleSpec, Section, Signature, Step

__all__ = ["Field", "Form", "Printed", "RuleSpec", "Section", "Signature", "Step"]
