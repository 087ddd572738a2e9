trigger LeadChanges on Lead(after insert, after update, after delete, after undelete) {
    RecordChangePublisher.publish('Lead', Trigger.new, Trigger.oldMap, Trigger.isUndelete);
}
