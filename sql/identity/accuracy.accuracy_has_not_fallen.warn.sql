-- No interval lies below what was published before with this model. Where one does, train again.
select accuracy.measure, accuracy.subset
from identity.accuracy as accuracy
inner join identity.accuracy_reference as reference using (measure, subset)
where accuracy.high < reference.low
