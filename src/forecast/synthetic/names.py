"""Hold made-up people's names: common forenames, and surnames put together from parts.

The names say nothing of a person's ethnicity, on purpose: an error rate by ethnicity cannot be learnt from them.
"""

from __future__ import annotations

_MEN = """
David Paul Andrew Mark John Michael Stephen Ian Robert Richard Christopher Peter Simon Anthony Kevin Gary
Steven Martin James Philip Alan Neil Nigel Timothy Colin Graham Jonathan Nicholas William Adrian Brian Stuart
Keith Thomas Patrick Sean Carl Trevor Wayne Shaun Kenneth Barry Derek Dean Raymond Antony Jeremy Joseph Edward
Lee Matthew Daniel Jason Darren Craig Benjamin Adam Luke Ryan Liam Joshua Jack Samuel Jordan Kyle Nathan Callum
Connor Charles Harry Alexander George Oliver Lewis Scott Dale Aaron Ross Bradley Gavin Jamie Leon Reece Owen
"""
_WOMEN = """
Susan Julie Karen Jacqueline Deborah Tracey Jane Helen Diane Sharon Tracy Angela Sarah Alison Caroline Amanda
Sandra Linda Catherine Elizabeth Carol Joanne Wendy Janet Dawn Christine Nicola Patricia Lesley Gillian Anne
Margaret Michelle Lisa Claire Emma Rachel Rebecca Louise Victoria Samantha Kelly Gemma Laura Stacey Kirsty
Natalie Hannah Jessica Charlotte Lauren Amy Sophie Bethany Chloe Megan Jade Katie Danielle Leanne Zoe Kerry
Hayley Paula Maria Teresa Donna Lorraine Maxine Joan Barbara Pauline Sally Heather Fiona Ruth Judith Abigail
"""
FORENAMES = {"M": tuple(_MEN.split()), "F": tuple(_WOMEN.split())}
"""By sex; the first are the most common."""

CALLED = {
    "David": ("Dave", "Davey"),
    "Andrew": ("Andy", "Drew"),
    "Michael": ("Mike", "Mick"),
    "Stephen": ("Steve",),
    "Robert": ("Bob", "Rob"),
    "Richard": ("Rick", "Dick"),
    "Christopher": ("Chris", "Kit"),
    "Anthony": ("Tony",),
    "James": ("Jim", "Jimmy"),
    "Timothy": ("Tim",),
    "Nicholas": ("Nick",),
    "William": ("Bill", "Billy"),
    "Thomas": ("Tom", "Tommo"),
    "Kenneth": ("Ken", "Kenny"),
    "Joseph": ("Joe",),
    "Edward": ("Ted", "Eddie"),
    "Matthew": ("Matt",),
    "Daniel": ("Danny", "Dan"),
    "Benjamin": ("Ben",),
    "Joshua": ("Josh",),
    "Samuel": ("Sam",),
    "Alexander": ("Alex", "Sandy"),
    "Charles": ("Charlie", "Chaz"),
    "John": ("Jack",),
    "Susan": ("Sue",),
    "Jacqueline": ("Jackie",),
    "Deborah": ("Debbie",),
    "Catherine": ("Kate", "Cathy"),
    "Elizabeth": ("Liz", "Betty"),
    "Christine": ("Chris",),
    "Patricia": ("Pat", "Trish"),
    "Margaret": ("Maggie", "Peggy"),
    "Rebecca": ("Becky",),
    "Victoria": ("Vicky",),
    "Samantha": ("Sam",),
    "Jessica": ("Jess",),
    "Amanda": ("Mandy",),
    "Abigail": ("Abby",),
    "Danielle": ("Dani",),
}
"""What people are called instead; not all of these are in the linking's own list of short forms, as in life."""

_FIRST = """
    Ash Beck Brad Brook Carl Chester Clay Cran Dal Den East El Fair Farn Gar Glen Had Hart Haz Hol Kel Kirk Lang Lin
    Mar Mill Nor Oak Pem Pres Rad Red Rother Sel Shel Stan Stock Thorn Wal Wen Whit Win Wood Wyn York
    """
_LAST = """
    by combe cott dale den don field ford ham head hurst land ley low man mere more ridge shaw son stead stoke ton
    wall way well wick worth
    """
SURNAMES = tuple(first + last for last in _LAST.split() for first in _FIRST.split())
"""About 1,300 surnames, most of which somebody bears; the first are the most common."""
